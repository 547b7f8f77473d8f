//! TLS for connections: the trusted certificates, and the name that they have to be for.

use std::sync::Arc;
use std::{fmt, io};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
/// The crate `rustls`, in the version whose [`ClientConfig`](rustls::ClientConfig)
/// [`Tls::with_config`] takes.
pub use tokio_rustls::rustls;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{self, CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// The TLS settings of a connection. The client verifies that the server's certificate is signed by
/// a trusted authority, and that it is for the host of the address.
///
/// Asterisk listens for TLS on port 5039 by default (`tlsenable`, `tlsbindaddr` and `tlscertfile`
/// in `manager.conf`), and requests no client certificate. The certificate needs the host's name
/// among its alternative names. The common name alone, as some scripts set it, is ignored.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ami::{Config, Tls};
///
/// let tls = Tls::with_roots(std::fs::read("our-ca.pem")?)?;
/// let client = Config::new("user", "mysecret").tls(tls).connect("pbx.example.org").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

impl Tls {
    /// Trusts the authorities that the system trusts. Blocks while the system's certificates are
    /// read.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has no such certificates, or if none of them can be read
    /// ([`NotFound`](io::ErrorKind::NotFound)).
    pub fn with_system_roots() -> io::Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // Many systems have a few certificates that rustls does not accept.
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
            let text = format!("the system has no root certificates that can be read{why}");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Self::trusting(roots)
    }

    /// Trusts only the authorities or servers whose certificates are in a text in PEM format.
    ///
    /// # Errors
    ///
    /// Returns an error if the text has no certificate, or an invalid one
    /// ([`InvalidData`](io::ErrorKind::InvalidData)).
    pub fn with_roots(pem: impl AsRef<[u8]>) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_ref()) {
            roots.add(certificate.map_err(invalid)?).map_err(invalid)?;
        }
        if roots.is_empty() {
            return Err(invalid("there is no certificate in the PEM text"));
        }
        Self::trusting(roots)
    }

    /// Accepts every certificate. An attacker on the link can then read and change everything, and
    /// login by challenge does not prevent that.
    ///
    /// # Errors
    ///
    /// Returns an error if the cryptography provider supports no version of TLS. This does not
    /// happen with `ring`, which is built in.
    pub fn without_verification() -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustsAll(provider)))
            .with_no_client_auth();
        Ok(Self::with_config(Arc::new(config)))
    }

    /// Uses a configuration of [`rustls`] unchanged. This crate re-exports `rustls`.
    #[must_use]
    pub fn with_config(config: Arc<ClientConfig>) -> Self {
        Self { config, name: None }
    }

    fn trusting(roots: RootCertStore) -> io::Result<Self> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::with_config(Arc::new(config)))
    }

    /// Sets the name that the certificate has to be for, in place of the host of the address.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is neither a host name nor an IP address
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)).
    pub fn server_name(mut self, name: &str) -> io::Result<Self> {
        self.name = Some(server_name(name)?);
        Ok(self)
    }

    pub(crate) async fn wrap(&self, host: &str, io: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => server_name(host)?,
        };
        TlsConnector::from(Arc::clone(&self.config)).connect(name, io).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl From<Arc<ClientConfig>> for Tls {
    fn from(config: Arc<ClientConfig>) -> Self {
        Self::with_config(config)
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    let name = ServerName::try_from(host.to_owned());
    name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("{host:?}: {error}")))
}

/// A verifier that checks only the signatures of the handshake.
#[derive(Debug)]
struct TrustsAll(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustsAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
