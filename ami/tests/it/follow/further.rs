//! Lists that a follow is asked for later.

use ami::{Action, Filter};

use super::{actions, ask, event, list, now, refusal, through};
use crate::lists::{NEW, with_banner};

#[tokio::test]
async fn a_further_list_stands_in_its_place_once() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["Rooms"]));
    ask(&mut follow);
    let rooms = peer.fenced().await;
    peer.send(list(&rooms, &["r"])).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:r", "current"]);
    assert_eq!(follow.ask(Action::new("Members")), 1);
    assert_eq!(follow.ask(Action::new("Guests")), 2);
    assert!(!follow.is_current());
    ask(&mut follow);
    let (members, guests) = (peer.fenced().await, peer.fenced().await);
    let lists = [event("A"), list(&members, &["m"]), event("B"), list(&guests, &["g"]), event("C")];
    peer.send(lists.concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["A", "1:m", "B", "2:g", "current", "C"]);
    assert_eq!(follow.ask(Action::new("Nobody")), 3);
    ask(&mut follow);
    let nobody = peer.fenced().await;
    peer.send(refusal(&nobody)).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["failed 3", "current"]);
    // They are not asked for again.
    follow.refresh();
    ask(&mut follow);
    let rooms = peer.fenced().await;
    peer.send(list(&rooms, &["r"])).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:r", "current"]);
}

#[tokio::test]
async fn a_further_list_is_given_up_with_what_it_follows_from() {
    let (client, mut peer) = with_banner(NEW).await;
    let mut follow = client.follow(Filter::all(), actions(["Rooms"]));
    ask(&mut follow);
    let rooms = peer.fenced().await;
    peer.send(list(&rooms, &["r"])).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:r", "current"]);
    follow.ask(Action::new("Members"));
    ask(&mut follow);
    let members = peer.fenced().await;
    follow.refresh();
    ask(&mut follow);
    let rooms = peer.fenced().await;
    peer.send([list(&members, &["m"]), list(&rooms, &["s"]), event("A")].concat()).await;
    through(&client, &mut peer).await;
    assert_eq!(now(&mut follow), ["0:s", "current", "A"]);
}
