//! A fetched server and its parts.

use instance::{Builder, Modules};

use crate::support::{VERSIONS, server};

#[tokio::test]
async fn a_fetched_server_has_music_on_hold() {
    for major in VERSIONS {
        let modules = Modules::list(["res_musiconhold", "codec_gsm", "format_gsm"]);
        let builder = Builder::new(server(major).await).modules(modules);
        let instance = builder.build().unwrap().boot().await.unwrap();
        let classes = instance.cli("moh show classes").await.unwrap();
        assert!(classes.contains("Class: default"), "{major}: {classes}");
        let files = instance.cli("moh show files").await.unwrap();
        assert!(files.matches("/moh/").count() >= 5, "{major}: {files}");
        let stopped = instance.stop().await.unwrap();
        assert!(stopped.findings.is_empty(), "{major}: {:?}", stopped.findings);
    }
}
