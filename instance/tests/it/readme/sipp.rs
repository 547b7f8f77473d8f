use instance::sipp::{Feature, Sipp};

#[tokio::test]
async fn the_scenario_passes() -> Result<(), Box<dyn std::error::Error>> {
    let sipp = Sipp::find().await?;
    assert!(sipp.has(Feature::Pcap), "{}", sipp.described());
    // … sipp.command().args(["-sf", "register.xml", "-m", "1", "127.0.0.1"])
    Ok(())
}
