//! Links to the pages of Asterisk's documentation on the web.

/// Returns a link to the page of an action or event: `page!(22, "Events", "Hangup")`.
macro_rules! page {
    ($version:literal, $kind:literal, $name:literal) => {
        concat!(
            "[Asterisk's documentation](https://docs.asterisk.org/Asterisk_",
            $version,
            "_Documentation/API_Documentation/AMI_",
            $kind,
            "/",
            $name,
            "/)"
        )
    };
}

pub(super) use page;
