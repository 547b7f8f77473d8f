//! Remedies for a connection that fails.

use std::io::{self, ErrorKind};

use ami::rustls::{CertificateError, Error as TlsError};
use ami::{Error, LoginError};

use super::Target;

/// Returns what to do about an error of connecting, if that is known.
pub(super) fn hint(error: &Error, target: &Target) -> Option<String> {
    match error {
        Error::Connect { source, .. } => of_link(source).map(str::to_owned),
        Error::Login(LoginError::Refused(_)) if error.is_final() => {
            let user = target.server.config().user();
            Some(format!(
                "Asterisk says the same of an unknown user, a wrong secret and an address that \
                 `permit`, `deny` or `acl` exclude; the user is {user:?}, the secret is from {}",
                target.secret
            ))
        }
        Error::Login(LoginError::NotAmi(_)) => {
            Some("Asterisk listens for AMI on port 5038, and on 5039 for TLS".to_owned())
        }
        Error::Login(LoginError::NoBanner | LoginError::Timeout(_) | LoginError::Closed)
            if target.tls.is_none() =>
        {
            Some("if the port is for TLS, use --tls".to_owned())
        }
        _ => None,
    }
}

fn of_link(error: &io::Error) -> Option<&'static str> {
    if let Some(error) = error.get_ref().and_then(|it| it.downcast_ref::<TlsError>()) {
        return of_tls(error);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(
            "nobody listens there: AMI needs `enabled = yes` and `bindaddr` in [general] of \
             manager.conf, and listens on port 5038, or on 5039 for TLS",
        ),
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Some("the host is down, or a firewall is between")
        }
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
            Some("the server ended the connection: it may have no certificate for TLS")
        }
        _ => None,
    }
}

fn of_tls(error: &TlsError) -> Option<&'static str> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    match error {
        TlsError::InvalidMessage(_) => {
            Some("the port is not for TLS: that of Asterisk is 5039 unless `tlsbindaddr` says more")
        }
        TlsError::InvalidCertificate(UnknownIssuer) => Some(
            "no authority that is trusted has signed the server's certificate: name a file with \
             the authority, or with the certificate itself, by --tls-ca FILE",
        ),
        TlsError::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => Some(
            "the server's certificate is for another name: connect by that name, or give it \
             by --tls-name NAME",
        ),
        TlsError::InvalidCertificate(
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. },
        ) => Some("renew the server's certificate, or set the clock of this machine"),
        _ => None,
    }
}
