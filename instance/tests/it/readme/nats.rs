use instance::nats::{Builder, Server};

#[tokio::test]
async fn streams_survive_a_crash() -> Result<(), Box<dyn std::error::Error>> {
    let nats = Builder::new(Server::find().await?).boot().await?;
    let url = nats.url();
    // … make a stream with any client

    nats.kill().await;
    nats.restart().await?;
    assert_eq!(nats.url(), url);
    // … the stream is there

    nats.stop().await?;
    Ok(())
}
