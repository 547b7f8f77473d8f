use instance::Builder;
use instance::ami::Originate;
use live::Live;

use crate::kit::end;

#[tokio::test]
async fn a_channel_comes_and_goes() {
    let server = instance::server(22).await.unwrap();
    let dialplan = "[default]\nexten => s,1,Answer()\n same => n,Wait(600)\n";
    let instance = Builder::new(server).dialplan(dialplan).boot().await.unwrap();
    let live = Live::start(instance.ami());
    live.current().await.unwrap();
    let call = Originate::to_application("Local/s@default", "Wait", "60");
    instance.ami().originate(call).await.unwrap();
    let state = live.until(|it| it.channels().is_ok_and(|it| it.len() == 2)).await.unwrap();
    for channel in state.channels().unwrap().iter() {
        assert!(channel.name.starts_with("Local/s@default-"), "{channel:?}");
    }
    instance.ami().command("channel request hangup all").await.unwrap();
    live.until(|it| it.channels().is_ok_and(live::Table::is_empty)).await.unwrap();
    end(instance).await;
}
