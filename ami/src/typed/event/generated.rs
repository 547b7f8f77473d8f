//! The events. Written by `ami/codegen`; do not edit.

#![allow(clippy::upper_case_acronyms, reason = "the names are those of the server")]

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::TypedEvent;
use super::macros::{events, field, getter, parser};
use super::report::RtcpReport;
use super::snapshot::{BridgeSnapshot, ChannelSnapshot};
use crate::typed::field::{Field, FieldError};
use crate::typed::page::page;
use crate::typed::value::*;
use crate::wire::{Cause, Event, EventClass, Reason};

events! {
    /// The event `AGIExecEnd`, of class `agi`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AGIExecEnd")]
    AGIExecEnd = "AGIExecEnd" [Agi] {
        snapshot: channel_snapshot = "";
        command: text = "Command";
        command_id: text = "CommandId";
        result_code: number(u32) = "ResultCode";
        result: text = "Result";
    }
    /// The event `AGIExecStart`, of class `agi`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AGIExecStart")]
    AGIExecStart = "AGIExecStart" [Agi] {
        snapshot: channel_snapshot = "";
        command: text = "Command";
        command_id: text = "CommandId";
    }
    /// The event `AOC-D`, of class `aoc`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AOC-D")]
    AOCD = "AOC-D" [Aoc] {
        snapshot: channel_snapshot = "";
        charge_type: open(AocChargeType) = "Charge/Type";
        charge_billing_id: open(AocBillingId) = "Charge/BillingID";
        charge_total_type: open(AocTotalType) = "Charge/TotalType";
        charge_currency_name: text = "Charge/Currency/Name";
        charge_currency_cost: number(i64) = "Charge/Currency/Cost";
        charge_currency_multiplier: open(AocMultiplier) = "Charge/Currency/Multiplier";
    }
    /// The event `AOC-E`, of class `aoc`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AOC-E")]
    AOCE = "AOC-E" [Aoc] {
        snapshot: channel_snapshot = "";
        charging_association_number: text = "ChargingAssociation/Number";
        charging_association_plan: number(i64) = "ChargingAssociation/Plan";
        charging_association_id: number(i64) = "ChargingAssociation/ID";
        charge_type: open(AocChargeType) = "Charge/Type";
        charge_billing_id: open(AocBillingId) = "Charge/BillingID";
        charge_total_type: open(AocTotalType) = "Charge/TotalType";
        charge_currency_name: text = "Charge/Currency/Name";
        charge_currency_cost: number(i64) = "Charge/Currency/Cost";
        charge_currency_multiplier: open(AocMultiplier) = "Charge/Currency/Multiplier";
    }
    /// The event `AOC-S`, of class `aoc`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AOC-S")]
    AOCS = "AOC-S" [Aoc] {
        snapshot: channel_snapshot = "";
    }
    /// The event `AgentCalled`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentCalled")]
    AgentCalled = "AgentCalled" [Agent] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
    }
    /// The event `AgentComplete`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentComplete")]
    AgentComplete = "AgentComplete" [Agent] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        hold_time: seconds = "HoldTime";
        talk_time: seconds = "TalkTime";
        reason: open(AgentCompleteReason) = "Reason";
    }
    /// The event `AgentConnect`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentConnect")]
    AgentConnect = "AgentConnect" [Agent] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        ring_time: seconds = "RingTime";
        hold_time: seconds = "HoldTime";
    }
    /// The event `AgentDump`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentDump")]
    AgentDump = "AgentDump" [Agent] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
    }
    /// The event `AgentLogin`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentLogin")]
    AgentLogin = "AgentLogin" [Agent] {
        snapshot: channel_snapshot = "";
        agent: text = "Agent";
    }
    /// The event `AgentLogoff`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentLogoff")]
    AgentLogoff = "AgentLogoff" [Agent] {
        /// Asterisk 22 only.
        snapshot: channel_snapshot = "";
        agent: text = "Agent";
        login_time: seconds = "Logintime";
    }
    /// The event `AgentRingNoAnswer`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AgentRingNoAnswer")]
    AgentRingNoAnswer = "AgentRingNoAnswer" [Agent] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        ring_time: millis = "RingTime";
    }
    /// The event `Agents`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 12.0.0. An item of the list of [`Agents`](crate::action::Agents).
    ///
    #[doc = page!(22, "Events", "Agents")]
    Agents = "Agents" [] {
        agent: text = "Agent";
        name: text = "Name";
        status: open(AgentStatus) = "Status";
        talking_to_chan: channel = "TalkingToChan";
        call_started: epoch = "CallStarted";
        logged_in_time: epoch = "LoggedInTime";
        snapshot: channel_snapshot = "";
    }
    /// The event `AgentsComplete`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 12.0.0. The end of the list of [`Agents`](crate::action::Agents).
    ///
    #[doc = page!(22, "Events", "AgentsComplete")]
    AgentsComplete = "AgentsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `Alarm`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Alarm")]
    Alarm = "Alarm" [System] {
        dahdi_channel: text = "DAHDIChannel";
        alarm: text = "Alarm";
    }
    /// The event `AlarmClear`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AlarmClear")]
    AlarmClear = "AlarmClear" [System] {
        dahdi_channel: text = "DAHDIChannel";
    }
    /// The event `AorDetail`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 13.12.0 and 14.1.0. An item of the list of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint).
    ///
    #[doc = page!(22, "Events", "AorDetail")]
    AorDetail = "AorDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        minimum_expiration: seconds = "MinimumExpiration";
        maximum_expiration: seconds = "MaximumExpiration";
        default_expiration: seconds = "DefaultExpiration";
        qualify_frequency: seconds = "QualifyFrequency";
        authenticate_qualify: flag = "AuthenticateQualify";
        max_contacts: number(u32) = "MaxContacts";
        remove_existing: flag = "RemoveExisting";
        remove_unavailable: flag = "RemoveUnavailable";
        mailboxes: text = "Mailboxes";
        outbound_proxy: text = "OutboundProxy";
        support_path: flag = "SupportPath";
        /// Asterisk 22 only.
        qualify2xx_only: flag = "Qualify2xxOnly";
        qualify_timeout: number(f64) = "QualifyTimeout";
        voicemail_extension: text = "VoicemailExtension";
        contacts: text = "Contacts";
        total_contacts: number(u32) = "TotalContacts";
        contacts_registered: number(u32) = "ContactsRegistered";
        endpoint_name: text = "EndpointName";
    }
    /// The event `AorList`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 16.0.0. An item of the list of [`PJSIPShowAors`](crate::action::PJSIPShowAors).
    ///
    #[doc = page!(22, "Events", "AorList")]
    AorList = "AorList" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        minimum_expiration: seconds = "MinimumExpiration";
        maximum_expiration: seconds = "MaximumExpiration";
        default_expiration: seconds = "DefaultExpiration";
        qualify_frequency: seconds = "QualifyFrequency";
        qualify_timeout: number(f64) = "QualifyTimeout";
        /// Asterisk 22 only.
        qualify2xx_only: flag = "Qualify2xxOnly";
        authenticate_qualify: flag = "AuthenticateQualify";
        max_contacts: number(u32) = "MaxContacts";
        remove_existing: flag = "RemoveExisting";
        remove_unavailable: flag = "RemoveUnavailable";
        mailboxes: text = "Mailboxes";
        voicemail_extension: text = "VoicemailExtension";
        outbound_proxy: text = "OutboundProxy";
        support_path: flag = "SupportPath";
        contacts: text = "Contacts";
    }
    /// The event `AorListComplete`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 16.0.0. The end of the list of [`PJSIPShowAors`](crate::action::PJSIPShowAors).
    ///
    #[doc = page!(22, "Events", "AorListComplete")]
    AorListComplete = "AorListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `AsyncAGIEnd`, of class `agi`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AsyncAGIEnd")]
    AsyncAGIEnd = "AsyncAGIEnd" [Agi] {
        snapshot: channel_snapshot = "";
    }
    /// The event `AsyncAGIExec`, of class `agi`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AsyncAGIExec")]
    AsyncAGIExec = "AsyncAGIExec" [Agi] {
        snapshot: channel_snapshot = "";
        command_id: text = "CommandID";
        result: text = "Result";
    }
    /// The event `AsyncAGIStart`, of class `agi`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AsyncAGIStart")]
    AsyncAGIStart = "AsyncAGIStart" [Agi] {
        snapshot: channel_snapshot = "";
        env: text = "Env";
    }
    /// The event `AttendedTransfer`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "AttendedTransfer")]
    AttendedTransfer = "AttendedTransfer" [Call] {
        result: open(TransferResult) = "Result";
        orig_transferer: channel_snapshot = "OrigTransferer";
        orig: bridge_snapshot = "Orig";
        second_transferer: channel_snapshot = "SecondTransferer";
        second: bridge_snapshot = "Second";
        dest_type: open(AttendedTransferType) = "DestType";
        dest_bridge_unique_id: text = "DestBridgeUniqueid";
        dest_app: text = "DestApp";
        local_one: channel_snapshot = "LocalOne";
        local_two: channel_snapshot = "LocalTwo";
        dest_transferer_channel: channel = "DestTransfererChannel";
        transferee: channel_snapshot = "Transferee";
        /// Asterisk 22 only.
        transfer_target: channel_snapshot = "TransferTarget";
        is_external: flag = "IsExternal";
    }
    /// The event `AuthDetail`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 12.0.0. An item of the lists of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint),
    /// [`PJSIPShowRegistrationsInbound`](crate::action::PJSIPShowRegistrationsInbound) and
    /// [`PJSIPShowRegistrationsOutbound`](crate::action::PJSIPShowRegistrationsOutbound).
    ///
    #[doc = page!(22, "Events", "AuthDetail")]
    AuthDetail = "AuthDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        username: text = "Username";
        password: text = "Password";
        md5_cred: text = "Md5Cred";
        realm: text = "Realm";
        nonce_lifetime: seconds = "NonceLifetime";
        auth_type: text = "AuthType";
        endpoint_name: text = "EndpointName";
        /// Asterisk 22 only.
        oauth_client_id: text = "OauthClientid";
        /// Asterisk 22 only.
        oauth_secret: text = "OauthSecret";
        /// Asterisk 22 only.
        password_digest: text = "PasswordDigest";
        /// Asterisk 22 only.
        refresh_token: text = "RefreshToken";
        /// Asterisk 22 only.
        supported_algorithms_uac: text = "SupportedAlgorithmsUac";
        /// Asterisk 22 only.
        supported_algorithms_uas: text = "SupportedAlgorithmsUas";
    }
    /// The event `AuthList`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 16.0.0. An item of the list of [`PJSIPShowAuths`](crate::action::PJSIPShowAuths).
    ///
    #[doc = page!(22, "Events", "AuthList")]
    AuthList = "AuthList" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        username: text = "Username";
        md5_cred: text = "Md5Cred";
        realm: text = "Realm";
        auth_type: text = "AuthType";
        password: text = "Password";
        nonce_lifetime: seconds = "NonceLifetime";
        /// Asterisk 22 only.
        oauth_client_id: text = "OauthClientid";
        /// Asterisk 22 only.
        oauth_secret: text = "OauthSecret";
        /// Asterisk 22 only.
        password_digest: text = "PasswordDigest";
        /// Asterisk 22 only.
        refresh_token: text = "RefreshToken";
        /// Asterisk 22 only.
        supported_algorithms_uac: text = "SupportedAlgorithmsUac";
        /// Asterisk 22 only.
        supported_algorithms_uas: text = "SupportedAlgorithmsUas";
    }
    /// The event `AuthListComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 16.0.0. The end of the list of
    /// [`PJSIPShowAuths`](crate::action::PJSIPShowAuths).
    ///
    #[doc = page!(22, "Events", "AuthListComplete")]
    AuthListComplete = "AuthListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `AuthMethodNotAllowed`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "AuthMethodNotAllowed")]
    AuthMethodNotAllowed = "AuthMethodNotAllowed" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        auth_method: text = "AuthMethod";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `BlindTransfer`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "BlindTransfer")]
    BlindTransfer = "BlindTransfer" [Call] {
        result: open(TransferResult) = "Result";
        transferer: channel_snapshot = "Transferer";
        transferee: channel_snapshot = "Transferee";
        bridge: bridge_snapshot = "";
        is_external: flag = "IsExternal";
        context: text = "Context";
        extension: text = "Extension";
    }
    /// The event `BridgeCreate`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "BridgeCreate")]
    BridgeCreate = "BridgeCreate" [Call] {
        bridge: bridge_snapshot = "";
    }
    /// The event `BridgeDestroy`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "BridgeDestroy")]
    BridgeDestroy = "BridgeDestroy" [Call] {
        bridge: bridge_snapshot = "";
    }
    /// The event `BridgeEnter`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "BridgeEnter")]
    BridgeEnter = "BridgeEnter" [Call] {
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
        swap_unique_id: unique_id = "SwapUniqueid";
    }
    /// The event `BridgeInfoChannel`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 13.0.0. An item of the list of [`BridgeInfo`](crate::action::BridgeInfo).
    ///
    #[doc = page!(22, "Events", "BridgeInfoChannel")]
    BridgeInfoChannel = "BridgeInfoChannel" [] {
        snapshot: channel_snapshot = "";
    }
    /// The event `BridgeInfoComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 13.0.0. The end of the list of [`BridgeInfo`](crate::action::BridgeInfo).
    ///
    #[doc = page!(22, "Events", "BridgeInfoComplete")]
    BridgeInfoComplete = "BridgeInfoComplete" [] {
        bridge: bridge_snapshot = "";
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `BridgeLeave`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "BridgeLeave")]
    BridgeLeave = "BridgeLeave" [Call] {
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
    }
    /// The event `BridgeListComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`BridgeList`](crate::action::BridgeList).
    BridgeListComplete = "BridgeListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `BridgeListItem`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. An item of the list of
    /// [`BridgeList`](crate::action::BridgeList).
    BridgeListItem = "BridgeListItem" [] {
        bridge: bridge_snapshot = "";
    }
    /// The event `BridgeMerge`, of class `call`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and
    /// 19.2.0.
    ///
    #[doc = page!(22, "Events", "BridgeMerge")]
    BridgeMerge = "BridgeMerge" [Call] {
        to: bridge_snapshot = "To";
        from: bridge_snapshot = "From";
    }
    /// The event `BridgeTechnologyListComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`BridgeTechnologyList`](crate::action::BridgeTechnologyList).
    BridgeTechnologyListComplete = "BridgeTechnologyListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `BridgeTechnologyListItem`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. An item of the list of
    /// [`BridgeTechnologyList`](crate::action::BridgeTechnologyList).
    BridgeTechnologyListItem = "BridgeTechnologyListItem" [] {
        bridge_technology: text = "BridgeTechnology";
        bridge_type: text = "BridgeType";
        bridge_priority: number(u32) = "BridgePriority";
        bridge_suspended: flag = "BridgeSuspended";
    }
    /// The event `BridgeVideoSourceUpdate`, of class `call`. Asterisk 16 and 22, since 13.13.0 and
    /// 14.2.0.
    ///
    #[doc = page!(22, "Events", "BridgeVideoSourceUpdate")]
    BridgeVideoSourceUpdate = "BridgeVideoSourceUpdate" [Call] {
        bridge: bridge_snapshot = "";
        bridge_previous_video_source: unique_id = "BridgePreviousVideoSource";
    }
    /// The event `CCAvailable`, of class `cc`. Asterisk 16 and 22. Asterisk does not document the
    /// event.
    CCAvailable = "CCAvailable" [Cc] {
        core_id: number(u32) = "CoreID";
        callee: text = "Callee";
        service: text = "Service";
    }
    /// The event `CCCallerRecalling`, of class `cc`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    CCCallerRecalling = "CCCallerRecalling" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
    }
    /// The event `CCCallerStartMonitoring`, of class `cc`. Asterisk 16 and 22. Asterisk does not
    /// document the event.
    CCCallerStartMonitoring = "CCCallerStartMonitoring" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
    }
    /// The event `CCCallerStopMonitoring`, of class `cc`. Asterisk 16 and 22. Asterisk does not
    /// document the event.
    CCCallerStopMonitoring = "CCCallerStopMonitoring" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
    }
    /// The event `CCFailure`, of class `cc`. Asterisk 16 and 22. Asterisk does not document the
    /// event.
    CCFailure = "CCFailure" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
        reason: text = "Reason";
    }
    /// The event `CCMonitorFailed`, of class `cc`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    CCMonitorFailed = "CCMonitorFailed" [Cc] {
        core_id: number(u32) = "CoreID";
        callee: text = "Callee";
    }
    /// The event `CCOfferTimerStart`, of class `cc`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    CCOfferTimerStart = "CCOfferTimerStart" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
        expires: seconds = "Expires";
    }
    /// The event `CCRecallComplete`, of class `cc`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    CCRecallComplete = "CCRecallComplete" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
    }
    /// The event `CCRequestAcknowledged`, of class `cc`. Asterisk 16 and 22. Asterisk does not
    /// document the event.
    CCRequestAcknowledged = "CCRequestAcknowledged" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
    }
    /// The event `CCRequested`, of class `cc`. Asterisk 16 and 22. Asterisk does not document the
    /// event.
    CCRequested = "CCRequested" [Cc] {
        core_id: number(u32) = "CoreID";
        caller: text = "Caller";
        callee: text = "Callee";
    }
    /// The event `CEL`, of class `call`. Asterisk 16 and 22, since 13.2.0.
    ///
    #[doc = page!(22, "Events", "CEL")]
    CEL = "CEL" [Call] {
        event_name: open(CelEventName) = "EventName";
        account_code: text = "AccountCode";
        caller_id_num: text = "CallerIDnum";
        caller_id_name: text = "CallerIDname";
        caller_id_ani: text = "CallerIDani";
        caller_id_rdnis: text = "CallerIDrdnis";
        caller_id_dnid: text = "CallerIDdnid";
        exten: text = "Exten";
        context: text = "Context";
        application: text = "Application";
        app_data: text = "AppData";
        event_time: text = "EventTime";
        ama_flags: open(AmaFlags) = "AMAFlags";
        unique_id: unique_id = "UniqueID";
        linked_id: unique_id = "LinkedID";
        user_field: text = "UserField";
        peer: text = "Peer";
        peer_account: text = "PeerAccount";
        extra: text = "Extra";
        /// Asterisk 22 only.
        tenant_id: text = "TenantID";
        channel: channel = "Channel";
        user_def_type: text = "UserDefType";
    }
    /// The event `Cdr`, of class `cdr`. Asterisk 16 and 22, since 13.2.0.
    ///
    #[doc = page!(22, "Events", "Cdr")]
    Cdr = "Cdr" [Cdr] {
        account_code: text = "AccountCode";
        source: text = "Source";
        destination: text = "Destination";
        destination_context: text = "DestinationContext";
        caller_id: text = "CallerID";
        channel: channel = "Channel";
        destination_channel: channel = "DestinationChannel";
        last_application: text = "LastApplication";
        last_data: text = "LastData";
        start_time: text = "StartTime";
        answer_time: text = "AnswerTime";
        end_time: text = "EndTime";
        duration: seconds = "Duration";
        billable_seconds: seconds = "BillableSeconds";
        disposition: open(CdrDisposition) = "Disposition";
        ama_flags: open(AmaFlags) = "AMAFlags";
        unique_id: unique_id = "UniqueID";
        user_field: text = "UserField";
    }
    /// The event `ChallengeResponseFailed`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "ChallengeResponseFailed")]
    ChallengeResponseFailed = "ChallengeResponseFailed" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        challenge: text = "Challenge";
        response: text = "Response";
        expected_response: text = "ExpectedResponse";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `ChallengeSent`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "ChallengeSent")]
    ChallengeSent = "ChallengeSent" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        challenge: text = "Challenge";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `ChanSpyStart`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ChanSpyStart")]
    ChanSpyStart = "ChanSpyStart" [Call] {
        spyer: channel_snapshot = "Spyer";
        spyee: channel_snapshot = "Spyee";
    }
    /// The event `ChanSpyStop`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ChanSpyStop")]
    ChanSpyStop = "ChanSpyStop" [Call] {
        spyer: channel_snapshot = "Spyer";
        spyee: channel_snapshot = "Spyee";
    }
    /// The event `ChannelHungup`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event.
    ChannelHungup = "ChannelHungup" [] {
        channel: channel = "Channel";
    }
    /// The event `ChannelTalkingStart`, of class `call`. Asterisk 16 and 22, since 12.4.0.
    ///
    #[doc = page!(22, "Events", "ChannelTalkingStart")]
    ChannelTalkingStart = "ChannelTalkingStart" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `ChannelTalkingStop`, of class `call`. Asterisk 16 and 22, since 12.4.0.
    ///
    #[doc = page!(22, "Events", "ChannelTalkingStop")]
    ChannelTalkingStop = "ChannelTalkingStop" [Call] {
        snapshot: channel_snapshot = "";
        duration: millis = "Duration";
    }
    /// The event `ChannelsHungupListComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event.
    ChannelsHungupListComplete = "ChannelsHungupListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ConfbridgeEnd`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeEnd")]
    ConfbridgeEnd = "ConfbridgeEnd" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
    }
    /// The event `ConfbridgeJoin`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeJoin")]
    ConfbridgeJoin = "ConfbridgeJoin" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
        admin: flag = "Admin";
        muted: flag = "Muted";
    }
    /// The event `ConfbridgeLeave`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeLeave")]
    ConfbridgeLeave = "ConfbridgeLeave" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
        admin: flag = "Admin";
    }
    /// The event `ConfbridgeList`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 13.20.0 and 15.3.0. An item of the list of
    /// [`ConfbridgeList`](crate::action::ConfbridgeList).
    ///
    #[doc = page!(22, "Events", "ConfbridgeList")]
    ConfbridgeList = "ConfbridgeList" [] {
        conference: text = "Conference";
        admin: flag = "Admin";
        marked_user: flag = "MarkedUser";
        wait_marked: flag = "WaitMarked";
        end_marked: flag = "EndMarked";
        waiting: flag = "Waiting";
        muted: flag = "Muted";
        talking: flag = "Talking";
        answered_time: seconds = "AnsweredTime";
        snapshot: channel_snapshot = "";
        /// Asterisk 22 only.
        end_marked_any: flag = "EndMarkedAny";
    }
    /// The event `ConfbridgeListComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`ConfbridgeList`](crate::action::ConfbridgeList).
    ConfbridgeListComplete = "ConfbridgeListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ConfbridgeListRooms`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 16.29.0, 18.15.0 and 19.7.0. An item of the list of
    /// [`ConfbridgeListRooms`](crate::action::ConfbridgeListRooms).
    ///
    #[doc = page!(22, "Events", "ConfbridgeListRooms")]
    ConfbridgeListRooms = "ConfbridgeListRooms" [] {
        conference: text = "Conference";
        parties: number(u32) = "Parties";
        marked: number(u32) = "Marked";
        locked: flag = "Locked";
        muted: flag = "Muted";
    }
    /// The event `ConfbridgeListRoomsComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`ConfbridgeListRooms`](crate::action::ConfbridgeListRooms).
    ConfbridgeListRoomsComplete = "ConfbridgeListRoomsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ConfbridgeMute`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeMute")]
    ConfbridgeMute = "ConfbridgeMute" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
        admin: flag = "Admin";
    }
    /// The event `ConfbridgeRecord`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeRecord")]
    ConfbridgeRecord = "ConfbridgeRecord" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
    }
    /// The event `ConfbridgeStart`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeStart")]
    ConfbridgeStart = "ConfbridgeStart" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
    }
    /// The event `ConfbridgeStopRecord`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeStopRecord")]
    ConfbridgeStopRecord = "ConfbridgeStopRecord" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
    }
    /// The event `ConfbridgeTalking`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeTalking")]
    ConfbridgeTalking = "ConfbridgeTalking" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
        talking_status: flag = "TalkingStatus";
        admin: flag = "Admin";
    }
    /// The event `ConfbridgeUnmute`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ConfbridgeUnmute")]
    ConfbridgeUnmute = "ConfbridgeUnmute" [Call] {
        conference: text = "Conference";
        bridge: bridge_snapshot = "";
        snapshot: channel_snapshot = "";
        admin: flag = "Admin";
    }
    /// The event `ContactList`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 16.0.0. An item of the list of
    /// [`PJSIPShowContacts`](crate::action::PJSIPShowContacts).
    ///
    #[doc = page!(22, "Events", "ContactList")]
    ContactList = "ContactList" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        via_addr: text = "ViaAddr";
        via_port: number(u32) = "ViaPort";
        qualify_timeout: number(f64) = "QualifyTimeout";
        call_id: text = "CallId";
        reg_server: text = "RegServer";
        prune_on_boot: flag = "PruneOnBoot";
        path: text = "Path";
        endpoint: text = "Endpoint";
        authenticate_qualify: flag = "AuthenticateQualify";
        uri: text = "Uri";
        qualify_frequency: seconds = "QualifyFrequency";
        user_agent: text = "UserAgent";
        expiration_time: epoch = "ExpirationTime";
        outbound_proxy: text = "OutboundProxy";
        status: open(ContactState) = "Status";
        roundtrip_usec: micros = "RoundtripUsec";
        /// Asterisk 22 only.
        qualify2xx_only: flag = "Qualify2xxOnly";
    }
    /// The event `ContactListComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 16.0.0. The end of the list of
    /// [`PJSIPShowContacts`](crate::action::PJSIPShowContacts).
    ///
    #[doc = page!(22, "Events", "ContactListComplete")]
    ContactListComplete = "ContactListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ContactStatus`, of class `system`. Asterisk 16 and 22, since 13.5.0.
    ///
    #[doc = page!(22, "Events", "ContactStatus")]
    ContactStatus = "ContactStatus" [System] {
        uri: text = "URI";
        contact_status: open(ContactState) = "ContactStatus";
        aor: text = "AOR";
        endpoint_name: text = "EndpointName";
        roundtrip_usec: micros = "RoundtripUsec";
    }
    /// The event `ContactStatusDetail`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 13.0.0. An item of the lists of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint) and
    /// [`PJSIPShowRegistrationInboundContactStatuses`](crate::action::PJSIPShowRegistrationInboundContactStatuses).
    ///
    #[doc = page!(22, "Events", "ContactStatusDetail")]
    ContactStatusDetail = "ContactStatusDetail" [] {
        aor: text = "AOR";
        uri: text = "URI";
        status: open(ContactState) = "Status";
        roundtrip_usec: micros = "RoundtripUsec";
        endpoint_name: text = "EndpointName";
        user_agent: text = "UserAgent";
        reg_expire: epoch = "RegExpire";
        via_address: text = "ViaAddress";
        call_id: text = "CallID";
        id: text = "ID";
        authenticate_qualify: flag = "AuthenticateQualify";
        outbound_proxy: text = "OutboundProxy";
        path: text = "Path";
        qualify_frequency: seconds = "QualifyFrequency";
        qualify_timeout: number(f64) = "QualifyTimeout";
        /// Asterisk 22 only.
        qualify2xx_only: flag = "Qualify2xxOnly";
    }
    /// The event `ContactStatusDetailComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowRegistrationInboundContactStatuses`](crate::action::PJSIPShowRegistrationInboundContactStatuses).
    ContactStatusDetailComplete = "ContactStatusDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `CoreShowChannel`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. An item of the list of [`CoreShowChannels`](crate::action::CoreShowChannels).
    ///
    #[doc = page!(22, "Events", "CoreShowChannel")]
    CoreShowChannel = "CoreShowChannel" [] {
        snapshot: channel_snapshot = "";
        bridge_id: text = "BridgeId";
        application: text = "Application";
        application_data: text = "ApplicationData";
        duration: clock = "Duration";
    }
    /// The event `CoreShowChannelMap`, which is only sent in replies and has no class. Asterisk 22.
    /// Asterisk does not document the event. An item of the list of
    /// [`CoreShowChannelMap`](crate::action::CoreShowChannelMap).
    CoreShowChannelMap = "CoreShowChannelMap" [] {
        channel: channel = "Channel";
        connected_channel: channel = "ConnectedChannel";
    }
    /// The event `CoreShowChannelMapComplete`, which is only sent in replies and has no class.
    /// Asterisk 22, since 18.26.0, 20.11.0, 21.6.0 and 22.1.0. The end of the list of
    /// [`CoreShowChannelMap`](crate::action::CoreShowChannelMap).
    ///
    #[doc = page!(22, "Events", "CoreShowChannelMapComplete")]
    CoreShowChannelMapComplete = "CoreShowChannelMapComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `CoreShowChannelsComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. The end of the list of
    /// [`CoreShowChannels`](crate::action::CoreShowChannels).
    ///
    #[doc = page!(22, "Events", "CoreShowChannelsComplete")]
    CoreShowChannelsComplete = "CoreShowChannelsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `DAHDIChannel`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "DAHDIChannel")]
    DAHDIChannel = "DAHDIChannel" [Call] {
        snapshot: channel_snapshot = "";
        dahdi_group: text = "DAHDIGroup";
        dahdi_span: text = "DAHDISpan";
        dahdi_channel: text = "DAHDIChannel";
    }
    /// The event `DAHDIShowChannels`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. An item of the list of
    /// [`DAHDIShowChannels`](crate::action::DAHDIShowChannels).
    DAHDIShowChannels = "DAHDIShowChannels" [] {
        dahdi_channel: text = "DAHDIChannel";
        channel: channel = "Channel";
        unique_id: unique_id = "Uniqueid";
        account_code: text = "AccountCode";
        signalling: text = "Signalling";
        signalling_code: number(u32) = "SignallingCode";
        context: text = "Context";
        dnd: text = "DND";
        alarm: text = "Alarm";
        description: text = "Description";
    }
    /// The event `DAHDIShowChannelsComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`DAHDIShowChannels`](crate::action::DAHDIShowChannels).
    DAHDIShowChannelsComplete = "DAHDIShowChannelsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
        items: number(u32) = "Items";
    }
    /// The event `DAHDIShowStatus`, which is only sent in replies and has no class. Asterisk 22.
    /// Asterisk does not document the event. An item of the list of
    /// [`DAHDIShowStatus`](crate::action::DAHDIShowStatus).
    DAHDIShowStatus = "DAHDIShowStatus" [] {
        span: text = "Span";
        description: text = "Description";
        alarms: text = "Alarms";
        irq: text = "IRQ";
        bpviol: text = "bpviol";
        crc: text = "CRC";
        framing: text = "Framing";
        coding: text = "Coding";
        options: text = "Options";
        lbo: text = "LBO";
    }
    /// The event `DAHDIShowStatusComplete`, which is only sent in replies and has no class.
    /// Asterisk 22. Asterisk does not document the event. The end of the list of
    /// [`DAHDIShowStatus`](crate::action::DAHDIShowStatus).
    DAHDIShowStatusComplete = "DAHDIShowStatusComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
        items: number(u32) = "Items";
    }
    /// The event `DBGetComplete`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. The end of the list of
    /// [`DBGet`](crate::action::DBGet).
    DBGetComplete = "DBGetComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `DBGetResponse`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. An item of the list of
    /// [`DBGet`](crate::action::DBGet).
    DBGetResponse = "DBGetResponse" [] {
        family: text = "Family";
        key: text = "Key";
        val: text = "Val";
    }
    /// The event `DBGetTreeComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`DBGetTree`](crate::action::DBGetTree).
    DBGetTreeComplete = "DBGetTreeComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `DBGetTreeResponse`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. An item of the list of
    /// [`DBGetTree`](crate::action::DBGetTree).
    DBGetTreeResponse = "DBGetTreeResponse" [] {
        key: text = "Key";
        val: text = "Val";
    }
    /// The event `DNDState`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "DNDState")]
    DNDState = "DNDState" [System] {
        dahdi_channel: text = "DAHDIChannel";
        status: open(AlarmState) = "Status";
    }
    /// The event `DTMFBegin`, of class `dtmf`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and
    /// 19.2.0.
    ///
    #[doc = page!(22, "Events", "DTMFBegin")]
    DTMFBegin = "DTMFBegin" [Dtmf] {
        snapshot: channel_snapshot = "";
        digit: text = "Digit";
        direction: open(DtmfDirection) = "Direction";
    }
    /// The event `DTMFEnd`, of class `dtmf`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and 19.2.0.
    ///
    #[doc = page!(22, "Events", "DTMFEnd")]
    DTMFEnd = "DTMFEnd" [Dtmf] {
        snapshot: channel_snapshot = "";
        digit: text = "Digit";
        duration_ms: millis = "DurationMs";
        direction: open(DtmfDirection) = "Direction";
    }
    /// The event `DeadlockStart`, of class `system`. Asterisk 22, since 16.29.0, 18.15.0 and
    /// 19.7.0.
    ///
    #[doc = page!(22, "Events", "DeadlockStart")]
    DeadlockStart = "DeadlockStart" [System] {
        mutex: text = "Mutex";
    }
    /// The event `DeviceEntry`, which is only sent in replies and has no class. Asterisk 16.
    /// Asterisk does not document the event. An item of the list of
    /// [`SKINNYdevices`](crate::action::SKINNYdevices).
    DeviceEntry = "DeviceEntry" [] {
        channel_type: text = "Channeltype";
        object_name: text = "ObjectName";
        channel_object_type: text = "ChannelObjectType";
        device_id: text = "DeviceId";
        ip_address: text = "IPaddress";
        type_: text = "Type";
        device_status: text = "Devicestatus";
        number_of_lines: number(u32) = "NumberOfLines";
    }
    /// The event `DeviceStateChange`, of class `call`. Asterisk 16 and 22, since 13.0.0. An item of
    /// the list of [`DeviceStateList`](crate::action::DeviceStateList).
    ///
    #[doc = page!(22, "Events", "DeviceStateChange")]
    DeviceStateChange = "DeviceStateChange" [Call] {
        device: text = "Device";
        state: number(DeviceState) = "State";
    }
    /// The event `DeviceStateListComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 13.0.0. The end of the list of
    /// [`DeviceStateList`](crate::action::DeviceStateList).
    ///
    #[doc = page!(22, "Events", "DeviceStateListComplete")]
    DeviceStateListComplete = "DeviceStateListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `DevicelistComplete`, which is only sent in replies and has no class. Asterisk 16.
    /// Asterisk does not document the event. The end of the list of
    /// [`SKINNYdevices`](crate::action::SKINNYdevices).
    DevicelistComplete = "DevicelistComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `DialBegin`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "DialBegin")]
    DialBegin = "DialBegin" [Call] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        dial_string: text = "DialString";
    }
    /// The event `DialEnd`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "DialEnd")]
    DialEnd = "DialEnd" [Call] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        dial_status: open(DialStatus) = "DialStatus";
        forward: text = "Forward";
    }
    /// The event `DialState`, of class `call`. Asterisk 16 and 22, since 14.0.0.
    ///
    #[doc = page!(22, "Events", "DialState")]
    DialState = "DialState" [Call] {
        snapshot: channel_snapshot = "";
        dest: channel_snapshot = "Dest";
        dial_status: open(DialStatus) = "DialStatus";
        forward: text = "Forward";
    }
    /// The event `EndpointDetail`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 12.0.0. An item of the list of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint).
    ///
    #[doc = page!(22, "Events", "EndpointDetail")]
    EndpointDetail = "EndpointDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        context: text = "Context";
        allow: text = "Allow";
        dtmf_mode: text = "DtmfMode";
        rtp_ipv6: flag = "RtpIpv6";
        rtp_symmetric: flag = "RtpSymmetric";
        ice_support: flag = "IceSupport";
        use_ptime: flag = "UsePtime";
        force_rport: flag = "ForceRport";
        rewrite_contact: flag = "RewriteContact";
        transport: text = "Transport";
        outbound_proxy: text = "OutboundProxy";
        moh_suggest: text = "MohSuggest";
        rel_100: text = "100rel";
        timers: text = "Timers";
        timers_min_se: seconds = "TimersMinSe";
        timers_sess_expires: seconds = "TimersSessExpires";
        auth: text = "Auth";
        outbound_auth: text = "OutboundAuth";
        aors: text = "Aors";
        media_address: text = "MediaAddress";
        identify_by: text = "IdentifyBy";
        direct_media: flag = "DirectMedia";
        direct_media_method: text = "DirectMediaMethod";
        trust_connected_line: flag = "TrustConnectedLine";
        send_connected_line: flag = "SendConnectedLine";
        connected_line_method: text = "ConnectedLineMethod";
        direct_media_glare_mitigation: text = "DirectMediaGlareMitigation";
        disable_direct_media_on_nat: flag = "DisableDirectMediaOnNat";
        caller_id: text = "Callerid";
        caller_id_privacy: text = "CalleridPrivacy";
        caller_id_tag: text = "CalleridTag";
        trust_id_inbound: flag = "TrustIdInbound";
        trust_id_outbound: flag = "TrustIdOutbound";
        send_pai: flag = "SendPai";
        send_rpid: flag = "SendRpid";
        send_diversion: flag = "SendDiversion";
        mailboxes: text = "Mailboxes";
        aggregate_mwi: flag = "AggregateMwi";
        media_encryption: text = "MediaEncryption";
        media_encryption_optimistic: flag = "MediaEncryptionOptimistic";
        use_avpf: flag = "UseAvpf";
        force_avp: flag = "ForceAvp";
        media_use_received_transport: flag = "MediaUseReceivedTransport";
        one_touch_recording: flag = "OneTouchRecording";
        inband_progress: flag = "InbandProgress";
        call_group: text = "CallGroup";
        pickup_group: text = "PickupGroup";
        named_call_group: text = "NamedCallGroup";
        named_pickup_group: text = "NamedPickupGroup";
        device_state_busy_at: number(u32) = "DeviceStateBusyAt";
        t38_udptl: flag = "T38Udptl";
        t38_udptl_ec: text = "T38UdptlEc";
        t38_udptl_maxdatagram: number(u32) = "T38UdptlMaxdatagram";
        fax_detect: flag = "FaxDetect";
        t38_udptl_nat: flag = "T38UdptlNat";
        t38_udptl_ipv6: flag = "T38UdptlIpv6";
        t38_bind_udptl_to_media_address: flag = "T38BindUdptlToMediaAddress";
        tone_zone: text = "ToneZone";
        language: text = "Language";
        record_on_feature: text = "RecordOnFeature";
        record_off_feature: text = "RecordOffFeature";
        allow_transfer: flag = "AllowTransfer";
        user_eq_phone: flag = "UserEqPhone";
        moh_passthrough: flag = "MohPassthrough";
        sdp_owner: text = "SdpOwner";
        sdp_session: text = "SdpSession";
        tos_audio: text = "TosAudio";
        tos_video: text = "TosVideo";
        cos_audio: number(u32) = "CosAudio";
        cos_video: number(u32) = "CosVideo";
        allow_subscribe: flag = "AllowSubscribe";
        sub_min_expiry: seconds = "SubMinExpiry";
        from_user: text = "FromUser";
        from_domain: text = "FromDomain";
        mwi_from_user: text = "MwiFromUser";
        rtp_engine: text = "RtpEngine";
        dtls_verify: text = "DtlsVerify";
        dtls_rekey: seconds = "DtlsRekey";
        dtls_cert_file: text = "DtlsCertFile";
        dtls_private_key: text = "DtlsPrivateKey";
        dtls_cipher: text = "DtlsCipher";
        dtls_ca_file: text = "DtlsCaFile";
        dtls_ca_path: text = "DtlsCaPath";
        dtls_setup: text = "DtlsSetup";
        srtp_tag32: flag = "SrtpTag32";
        redirect_method: text = "RedirectMethod";
        set_var: text = "SetVar";
        message_context: text = "MessageContext";
        account_code: text = "Accountcode";
        preferred_codec_only: flag = "PreferredCodecOnly";
        device_state: text = "DeviceState";
        active_channels: number(u32) = "ActiveChannels";
        subscribe_context: text = "SubscribeContext";
        allow_overlap: flag = "AllowOverlap";
        /// Asterisk 22 only.
        overlap_context: text = "OverlapContext";
        accept_multiple_sdp_answers: flag = "AcceptMultipleSdpAnswers";
        acl: text = "Acl";
        allow_unauthenticated_options: flag = "AllowUnauthenticatedOptions";
        asymmetric_rtp_codec: flag = "AsymmetricRtpCodec";
        bind_rtp_to_media_address: flag = "BindRtpToMediaAddress";
        bundle: flag = "Bundle";
        /// Asterisk 22 only.
        codec_prefs_incoming_answer: text = "CodecPrefsIncomingAnswer";
        /// Asterisk 22 only.
        codec_prefs_incoming_offer: text = "CodecPrefsIncomingOffer";
        /// Asterisk 22 only.
        codec_prefs_outgoing_answer: text = "CodecPrefsOutgoingAnswer";
        /// Asterisk 22 only.
        codec_prefs_outgoing_offer: text = "CodecPrefsOutgoingOffer";
        contact_acl: text = "ContactAcl";
        dtls_auto_generate_cert: flag = "DtlsAutoGenerateCert";
        dtls_fingerprint: text = "DtlsFingerprint";
        fax_detect_timeout: seconds = "FaxDetectTimeout";
        follow_early_media_fork: flag = "FollowEarlyMediaFork";
        g726_non_standard: flag = "G726NonStandard";
        geoloc_incoming_call_profile: text = "GeolocIncomingCallProfile";
        geoloc_outgoing_call_profile: text = "GeolocOutgoingCallProfile";
        ignore183_without_sdp: flag = "Ignore183WithoutSdp";
        /// Asterisk 22 only.
        incoming_call_offer_pref: text = "IncomingCallOfferPref";
        incoming_mwi_mailbox: text = "IncomingMwiMailbox";
        max_audio_streams: number(u32) = "MaxAudioStreams";
        max_video_streams: number(u32) = "MaxVideoStreams";
        mwi_subscribe_replaces_unsolicited: flag = "MwiSubscribeReplacesUnsolicited";
        notify_early_inuse_ringing: flag = "NotifyEarlyInuseRinging";
        /// Asterisk 22 only.
        outgoing_call_offer_pref: text = "OutgoingCallOfferPref";
        refer_blind_progress: flag = "ReferBlindProgress";
        rpid_immediate: flag = "RpidImmediate";
        rtcp_mux: flag = "RtcpMux";
        rtp_keepalive: seconds = "RtpKeepalive";
        rtp_timeout: seconds = "RtpTimeout";
        rtp_timeout_hold: seconds = "RtpTimeoutHold";
        /// Asterisk 22 only.
        rtp_port_start: number(u32) = "RtpPortStart";
        /// Asterisk 22 only.
        rtp_port_end: number(u32) = "RtpPortEnd";
        /// Asterisk 22 only.
        security_negotiation: text = "SecurityNegotiation";
        /// Asterisk 22 only.
        send_aoc: flag = "SendAoc";
        send_history_info: flag = "SendHistoryInfo";
        stir_shaken: text = "StirShaken";
        stir_shaken_profile: text = "StirShakenProfile";
        /// Asterisk 22 only.
        suppress_moh_on_sendonly: flag = "SuppressMohOnSendonly";
        suppress_q850_reason_headers: flag = "SuppressQ850ReasonHeaders";
        /// Asterisk 22 only.
        tenant_id: text = "Tenantid";
        voicemail_extension: text = "VoicemailExtension";
        webrtc: flag = "Webrtc";
        /// Asterisk 16 only.
        disallow: text = "Disallow";
        /// Asterisk 22 only.
        follow_redirect_methods: text = "FollowRedirectMethods";
    }
    /// The event `EndpointDetailComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22, since 12.0.0. The end of the list of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint).
    ///
    #[doc = page!(22, "Events", "EndpointDetailComplete")]
    EndpointDetailComplete = "EndpointDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `EndpointList`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 12.0.0. An item of the list of
    /// [`PJSIPShowEndpoints`](crate::action::PJSIPShowEndpoints).
    ///
    #[doc = page!(22, "Events", "EndpointList")]
    EndpointList = "EndpointList" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        transport: text = "Transport";
        aor: text = "Aor";
        auths: text = "Auths";
        outbound_auths: text = "OutboundAuths";
        device_state: text = "DeviceState";
        active_channels: number(u32) = "ActiveChannels";
        contacts: text = "Contacts";
    }
    /// The event `EndpointListComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22, since 12.0.0. The end of the list of
    /// [`PJSIPShowEndpoints`](crate::action::PJSIPShowEndpoints).
    ///
    #[doc = page!(22, "Events", "EndpointListComplete")]
    EndpointListComplete = "EndpointListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ExtensionStateListComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 13.0.0. The end of the list of
    /// [`ExtensionStateList`](crate::action::ExtensionStateList).
    ///
    #[doc = page!(22, "Events", "ExtensionStateListComplete")]
    ExtensionStateListComplete = "ExtensionStateListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ExtensionStatus`, of class `call`. Asterisk 16 and 22. An item of the list of
    /// [`ExtensionStateList`](crate::action::ExtensionStateList).
    ///
    #[doc = page!(22, "Events", "ExtensionStatus")]
    ExtensionStatus = "ExtensionStatus" [Call] {
        exten: text = "Exten";
        context: text = "Context";
        hint: text = "Hint";
        status: number(ExtensionState) = "Status";
        status_text: open(ExtensionStateText) = "StatusText";
    }
    /// The event `FAXSession`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 13.0.0. An item of the list of [`FAXSession`](crate::action::FAXSession).
    ///
    #[doc = page!(22, "Events", "FAXSession")]
    FAXSession = "FAXSession" [] {
        session_number: number(u32) = "SessionNumber";
        operation: open(FaxOperation) = "Operation";
        state: open(FaxSessionState) = "State";
        error_correction_mode: flag = "ErrorCorrectionMode";
        data_rate: number(u32) = "DataRate";
        image_resolution: text = "ImageResolution";
        page_number: number(u32) = "PageNumber";
        file_name: text = "FileName";
        pages_transmitted: number(u32) = "PagesTransmitted";
        pages_received: number(u32) = "PagesReceived";
        total_bad_lines: number(u32) = "TotalBadLines";
    }
    /// The event `FAXSessionsComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 13.0.0. The end of the list of [`FAXSessions`](crate::action::FAXSessions).
    ///
    #[doc = page!(22, "Events", "FAXSessionsComplete")]
    FAXSessionsComplete = "FAXSessionsComplete" [] {
        total: number(u32) = "Total";
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `FAXSessionsEntry`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 13.0.0. An item of the list of [`FAXSessions`](crate::action::FAXSessions).
    ///
    #[doc = page!(22, "Events", "FAXSessionsEntry")]
    FAXSessionsEntry = "FAXSessionsEntry" [] {
        channel: channel = "Channel";
        technology: text = "Technology";
        session_number: number(u32) = "SessionNumber";
        session_type: open(FaxSessionType) = "SessionType";
        operation: open(FaxOperation) = "Operation";
        state: open(FaxSessionState) = "State";
        files: text = "Files";
    }
    /// The event `FAXStats`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 13.0.0. An item of the list of [`FAXStats`](crate::action::FAXStats).
    ///
    #[doc = page!(22, "Events", "FAXStats")]
    FAXStats = "FAXStats" [] {
        current_sessions: number(u32) = "CurrentSessions";
        reserved_sessions: number(u32) = "ReservedSessions";
        transmit_attempts: number(u32) = "TransmitAttempts";
        receive_attempts: number(u32) = "ReceiveAttempts";
        completed_faxes: number(u32) = "CompletedFAXes";
        failed_faxes: number(u32) = "FailedFAXes";
    }
    /// The event `FAXStatus`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "FAXStatus")]
    FAXStatus = "FAXStatus" [Call] {
        snapshot: channel_snapshot = "";
        operation: open(FaxOperation) = "Operation";
        status: text = "Status";
        local_station_id: text = "LocalStationID";
        file_name: text = "FileName";
    }
    /// The event `FailedACL`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "FailedACL")]
    FailedACL = "FailedACL" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        module: text = "Module";
        acl_name: text = "ACLName";
        session_tv: date_time = "SessionTV";
    }
    /// The event `Flash`, of class `call`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and 19.2.0.
    ///
    #[doc = page!(22, "Events", "Flash")]
    Flash = "Flash" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `FullyBooted`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "FullyBooted")]
    FullyBooted = "FullyBooted" [System] {
        status: text = "Status";
        uptime: seconds = "Uptime";
        last_reload: seconds = "LastReload";
    }
    /// The event `Hangup`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Hangup")]
    Hangup = "Hangup" [Call] {
        snapshot: channel_snapshot = "";
        cause: number(Cause) = "Cause";
        cause_txt: text = "Cause-txt";
        /// Asterisk 22 only.
        tech_cause: text = "TechCause";
    }
    /// The event `HangupHandlerPop`, of class `dialplan`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "HangupHandlerPop")]
    HangupHandlerPop = "HangupHandlerPop" [Dialplan] {
        snapshot: channel_snapshot = "";
        handler: text = "Handler";
    }
    /// The event `HangupHandlerPush`, of class `dialplan`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "HangupHandlerPush")]
    HangupHandlerPush = "HangupHandlerPush" [Dialplan] {
        snapshot: channel_snapshot = "";
        handler: text = "Handler";
    }
    /// The event `HangupHandlerRun`, of class `dialplan`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "HangupHandlerRun")]
    HangupHandlerRun = "HangupHandlerRun" [Dialplan] {
        snapshot: channel_snapshot = "";
        handler: text = "Handler";
    }
    /// The event `HangupRequest`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "HangupRequest")]
    HangupRequest = "HangupRequest" [Call] {
        snapshot: channel_snapshot = "";
        cause: number(Cause) = "Cause";
    }
    /// The event `Hold`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Hold")]
    Hold = "Hold" [Call] {
        snapshot: channel_snapshot = "";
        music_class: text = "MusicClass";
    }
    /// The event `IdentifyDetail`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 13.20.0 and 15.3.0. An item of the list of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint).
    ///
    #[doc = page!(22, "Events", "IdentifyDetail")]
    IdentifyDetail = "IdentifyDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        endpoint: text = "Endpoint";
        srv_lookups: flag = "SrvLookups";
        match_: text = "Match";
        match_header: text = "MatchHeader";
        /// Asterisk 22 only.
        match_request_uri: text = "MatchRequestUri";
        endpoint_name: text = "EndpointName";
    }
    /// The event `InboundRegistrationDetail`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 12.0.0. An item of the list of
    /// [`PJSIPShowRegistrationsInbound`](crate::action::PJSIPShowRegistrationsInbound).
    ///
    #[doc = page!(22, "Events", "InboundRegistrationDetail")]
    InboundRegistrationDetail = "InboundRegistrationDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        minimum_expiration: seconds = "MinimumExpiration";
        default_expiration: seconds = "DefaultExpiration";
        qualify_timeout: number(f64) = "QualifyTimeout";
        qualify2xx_only: flag = "Qualify2xxOnly";
        mailboxes: text = "Mailboxes";
        support_path: flag = "SupportPath";
        remove_unavailable: flag = "RemoveUnavailable";
        voicemail_extension: text = "VoicemailExtension";
        max_contacts: number(u32) = "MaxContacts";
        authenticate_qualify: flag = "AuthenticateQualify";
        maximum_expiration: seconds = "MaximumExpiration";
        qualify_frequency: seconds = "QualifyFrequency";
        remove_existing: flag = "RemoveExisting";
        outbound_proxy: text = "OutboundProxy";
        contacts: text = "Contacts";
        contact: text = "Contact";
    }
    /// The event `InboundRegistrationDetailComplete`, which is only sent in replies and has no
    /// class. Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowRegistrationsInbound`](crate::action::PJSIPShowRegistrationsInbound).
    InboundRegistrationDetailComplete = "InboundRegistrationDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `InboundSubscriptionDetail`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 12.0.0. An item of the list of
    /// [`PJSIPShowSubscriptionsInbound`](crate::action::PJSIPShowSubscriptionsInbound).
    ///
    #[doc = page!(22, "Events", "InboundSubscriptionDetail")]
    InboundSubscriptionDetail = "InboundSubscriptionDetail" [] {
        role: text = "Role";
        endpoint: text = "Endpoint";
        call_id: text = "Callid";
        state: text = "State";
        caller_id: text = "Callerid";
        subscription_type: open(SubscriptionType) = "SubscriptionType";
        extension: text = "Extension";
        extension_states: open(ExtensionStateText) = "ExtensionStates";
        mailboxes: text = "Mailboxes";
    }
    /// The event `InboundSubscriptionDetailComplete`, which is only sent in replies and has no
    /// class. Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowSubscriptionsInbound`](crate::action::PJSIPShowSubscriptionsInbound).
    InboundSubscriptionDetailComplete = "InboundSubscriptionDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `InvalidAccountID`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "InvalidAccountID")]
    InvalidAccountID = "InvalidAccountID" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `InvalidPassword`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "InvalidPassword")]
    InvalidPassword = "InvalidPassword" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
        challenge: text = "Challenge";
        received_challenge: text = "ReceivedChallenge";
        received_hash: text = "ReceivedHash";
    }
    /// The event `InvalidTransport`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "InvalidTransport")]
    InvalidTransport = "InvalidTransport" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        attempted_transport: text = "AttemptedTransport";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `JabberStatus`, of class `user`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    JabberStatus = "JabberStatus" [User] {
        account: text = "Account";
        jid: text = "JID";
        resource: text = "Resource";
        status: text = "Status";
        priority: number(i32) = "Priority";
        description: text = "Description";
    }
    /// The event `LineEntry`, which is only sent in replies and has no class. Asterisk 16. Asterisk
    /// does not document the event. An item of the list of
    /// [`SKINNYlines`](crate::action::SKINNYlines).
    LineEntry = "LineEntry" [] {
        channel_type: text = "Channeltype";
        object_name: text = "ObjectName";
        channel_object_type: text = "ChannelObjectType";
        device: text = "Device";
        instance: text = "Instance";
        label: text = "Label";
    }
    /// The event `LinelistComplete`, which is only sent in replies and has no class. Asterisk 16.
    /// Asterisk does not document the event. The end of the list of
    /// [`SKINNYlines`](crate::action::SKINNYlines).
    LinelistComplete = "LinelistComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `ListDialplan`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. An item of the list of
    /// [`ShowDialPlan`](crate::action::ShowDialPlan).
    ListDialplan = "ListDialplan" [] {
        context: text = "Context";
        extension: text = "Extension";
        extension_label: text = "ExtensionLabel";
        priority: text = "Priority";
        application: text = "Application";
        app_data: text = "AppData";
        registrar: text = "Registrar";
        include_context: text = "IncludeContext";
        switch: text = "Switch";
        ignore_pattern: text = "IgnorePattern";
    }
    /// The event `Load`, of class `system`. Asterisk 16 and 22, since 16.0.0.
    ///
    #[doc = page!(22, "Events", "Load")]
    Load = "Load" [System] {
        module: text = "Module";
        status: open(ModuleStatus) = "Status";
    }
    /// The event `LoadAverageLimit`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "LoadAverageLimit")]
    LoadAverageLimit = "LoadAverageLimit" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `LocalBridge`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "LocalBridge")]
    LocalBridge = "LocalBridge" [Call] {
        local_one: channel_snapshot = "LocalOne";
        local_two: channel_snapshot = "LocalTwo";
        context: text = "Context";
        exten: text = "Exten";
        local_optimization: flag = "LocalOptimization";
    }
    /// The event `LocalOptimizationBegin`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "LocalOptimizationBegin")]
    LocalOptimizationBegin = "LocalOptimizationBegin" [Call] {
        local_one: channel_snapshot = "LocalOne";
        local_two: channel_snapshot = "LocalTwo";
        source: channel_snapshot = "Source";
        dest_unique_id: unique_id = "DestUniqueId";
        id: text = "Id";
    }
    /// The event `LocalOptimizationEnd`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "LocalOptimizationEnd")]
    LocalOptimizationEnd = "LocalOptimizationEnd" [Call] {
        local_one: channel_snapshot = "LocalOne";
        local_two: channel_snapshot = "LocalTwo";
        success: flag = "Success";
        id: text = "Id";
    }
    /// The event `LogChannel`, of class `system`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and
    /// 19.2.0.
    ///
    #[doc = page!(22, "Events", "LogChannel")]
    LogChannel = "LogChannel" [System] {
        channel: text = "Channel";
        enabled: flag = "Enabled";
        reason: text = "Reason";
    }
    /// The event `MCID`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MCID")]
    MCID = "MCID" [Call] {
        snapshot: channel_snapshot = "";
        m_caller_id_num_valid: text = "MCallerIDNumValid";
        m_caller_id_num: text = "MCallerIDNum";
        m_caller_id_ton: text = "MCallerIDton";
        m_caller_id_num_plan: text = "MCallerIDNumPlan";
        m_caller_id_num_pres: text = "MCallerIDNumPres";
        m_caller_id_name_valid: text = "MCallerIDNameValid";
        m_caller_id_name: text = "MCallerIDName";
        m_caller_id_name_char_set: text = "MCallerIDNameCharSet";
        m_caller_id_name_pres: text = "MCallerIDNamePres";
        m_caller_id_subaddr: text = "MCallerIDSubaddr";
        m_caller_id_subaddr_type: text = "MCallerIDSubaddrType";
        m_caller_id_subaddr_odd: text = "MCallerIDSubaddrOdd";
        m_caller_id_pres: text = "MCallerIDPres";
        m_connected_id_num_valid: text = "MConnectedIDNumValid";
        m_connected_id_num: text = "MConnectedIDNum";
        m_connected_id_ton: text = "MConnectedIDton";
        m_connected_id_num_plan: text = "MConnectedIDNumPlan";
        m_connected_id_num_pres: text = "MConnectedIDNumPres";
        m_connected_id_name_valid: text = "MConnectedIDNameValid";
        m_connected_id_name: text = "MConnectedIDName";
        m_connected_id_name_char_set: text = "MConnectedIDNameCharSet";
        m_connected_id_name_pres: text = "MConnectedIDNamePres";
        m_connected_id_subaddr: text = "MConnectedIDSubaddr";
        m_connected_id_subaddr_type: text = "MConnectedIDSubaddrType";
        m_connected_id_subaddr_odd: text = "MConnectedIDSubaddrOdd";
        m_connected_id_pres: text = "MConnectedIDPres";
    }
    /// The event `MWIGet`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 12.1.0. An item of the list of [`MWIGet`](crate::action::MWIGet).
    ///
    #[doc = page!(22, "Events", "MWIGet")]
    MWIGet = "MWIGet" [] {
        mailbox: text = "Mailbox";
        old_messages: number(u32) = "OldMessages";
        new_messages: number(u32) = "NewMessages";
    }
    /// The event `MWIGetComplete`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 12.1.0. The end of the list of [`MWIGet`](crate::action::MWIGet).
    ///
    #[doc = page!(22, "Events", "MWIGetComplete")]
    MWIGetComplete = "MWIGetComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `MeetmeEnd`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MeetmeEnd")]
    MeetmeEnd = "MeetmeEnd" [Call] {
        meetme: text = "Meetme";
    }
    /// The event `MeetmeJoin`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MeetmeJoin")]
    MeetmeJoin = "MeetmeJoin" [Call] {
        meetme: text = "Meetme";
        user: text = "User";
        snapshot: channel_snapshot = "";
    }
    /// The event `MeetmeLeave`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MeetmeLeave")]
    MeetmeLeave = "MeetmeLeave" [Call] {
        meetme: text = "Meetme";
        user: text = "User";
        snapshot: channel_snapshot = "";
        duration: seconds = "Duration";
    }
    /// The event `MeetmeList`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 16.29.0, 18.15.0 and 19.7.0. An item of the list of
    /// [`MeetmeList`](crate::action::MeetmeList).
    ///
    #[doc = page!(22, "Events", "MeetmeList")]
    MeetmeList = "MeetmeList" [] {
        conference: text = "Conference";
        user_number: text = "UserNumber";
        caller_id_num: text = "CallerIDNum";
        caller_id_name: text = "CallerIDName";
        connected_line_num: text = "ConnectedLineNum";
        connected_line_name: text = "ConnectedLineName";
        channel: channel = "Channel";
        admin: flag = "Admin";
        role: text = "Role";
        marked_user: flag = "MarkedUser";
        muted: text = "Muted";
        talking: text = "Talking";
    }
    /// The event `MeetmeListComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`MeetmeList`](crate::action::MeetmeList).
    MeetmeListComplete = "MeetmeListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `MeetmeListRooms`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 16.29.0, 18.15.0 and 19.7.0. An item of the list of
    /// [`MeetmeListRooms`](crate::action::MeetmeListRooms).
    ///
    #[doc = page!(22, "Events", "MeetmeListRooms")]
    MeetmeListRooms = "MeetmeListRooms" [] {
        conference: text = "Conference";
        parties: number(u32) = "Parties";
        marked: text = "Marked";
        activity: clock = "Activity";
        creation: text = "Creation";
        locked: text = "Locked";
    }
    /// The event `MeetmeListRoomsComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`MeetmeListRooms`](crate::action::MeetmeListRooms).
    MeetmeListRoomsComplete = "MeetmeListRoomsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `MeetmeMute`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MeetmeMute")]
    MeetmeMute = "MeetmeMute" [Call] {
        meetme: text = "Meetme";
        user: text = "User";
        snapshot: channel_snapshot = "";
        duration: seconds = "Duration";
        status: flag = "Status";
    }
    /// The event `MeetmeTalkRequest`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MeetmeTalkRequest")]
    MeetmeTalkRequest = "MeetmeTalkRequest" [Call] {
        meetme: text = "Meetme";
        user: text = "User";
        snapshot: channel_snapshot = "";
        duration: seconds = "Duration";
        status: flag = "Status";
    }
    /// The event `MeetmeTalking`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MeetmeTalking")]
    MeetmeTalking = "MeetmeTalking" [Call] {
        meetme: text = "Meetme";
        user: text = "User";
        snapshot: channel_snapshot = "";
        duration: seconds = "Duration";
        status: flag = "Status";
    }
    /// The event `MemoryLimit`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "MemoryLimit")]
    MemoryLimit = "MemoryLimit" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `MessageWaiting`, of class `call`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and
    /// 19.2.0.
    ///
    #[doc = page!(22, "Events", "MessageWaiting")]
    MessageWaiting = "MessageWaiting" [Call] {
        snapshot: channel_snapshot = "";
        mailbox: text = "Mailbox";
        waiting: flag = "Waiting";
        new_messages: number(u32) = "New";
        old_messages: number(u32) = "Old";
    }
    /// The event `MiniVoiceMail`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MiniVoiceMail")]
    MiniVoiceMail = "MiniVoiceMail" [Call] {
        snapshot: channel_snapshot = "";
        action: text = "Action";
        mailbox: text = "Mailbox";
        counter: text = "Counter";
    }
    /// The event `MixMonitorMute`, of class `call`. Asterisk 16 and 22, since 16.17.0 and 18.3.0.
    ///
    #[doc = page!(22, "Events", "MixMonitorMute")]
    MixMonitorMute = "MixMonitorMute" [Call] {
        snapshot: channel_snapshot = "";
        direction: text = "Direction";
        state: flag = "State";
    }
    /// The event `MixMonitorStart`, of class `call`. Asterisk 16 and 22, since 16.17.0 and 18.3.0.
    ///
    #[doc = page!(22, "Events", "MixMonitorStart")]
    MixMonitorStart = "MixMonitorStart" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `MixMonitorStop`, of class `call`. Asterisk 16 and 22, since 16.17.0 and 18.3.0.
    ///
    #[doc = page!(22, "Events", "MixMonitorStop")]
    MixMonitorStop = "MixMonitorStop" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `MobileStatus`, of class `system`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    MobileStatus = "MobileStatus" [System] {
        status: text = "Status";
        device: text = "Device";
    }
    /// The event `MonitorStart`, of class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Events", "MonitorStart")]
    MonitorStart = "MonitorStart" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `MonitorStop`, of class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Events", "MonitorStop")]
    MonitorStop = "MonitorStop" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `MusicOnHoldStart`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MusicOnHoldStart")]
    MusicOnHoldStart = "MusicOnHoldStart" [Call] {
        snapshot: channel_snapshot = "";
        class: text = "Class";
    }
    /// The event `MusicOnHoldStop`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "MusicOnHoldStop")]
    MusicOnHoldStop = "MusicOnHoldStop" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `NewAccountCode`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "NewAccountCode")]
    NewAccountCode = "NewAccountCode" [Call] {
        snapshot: channel_snapshot = "";
        old_account_code: text = "OldAccountCode";
    }
    /// The event `NewCallerid`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "NewCallerid")]
    NewCallerid = "NewCallerid" [Call] {
        snapshot: channel_snapshot = "";
        cid_calling_pres: unescaped = "CID-CallingPres";
    }
    /// The event `NewConnectedLine`, of class `call`. Asterisk 16 and 22, since 13.13.0 and 14.2.0.
    ///
    #[doc = page!(22, "Events", "NewConnectedLine")]
    NewConnectedLine = "NewConnectedLine" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `Newchannel`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Newchannel")]
    Newchannel = "Newchannel" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `Newexten`, of class `dialplan`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "NewExten")]
    Newexten = "Newexten" [Dialplan] {
        snapshot: channel_snapshot = "";
        extension: text = "Extension";
        application: text = "Application";
        app_data: text = "AppData";
    }
    /// The event `Newstate`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Newstate")]
    Newstate = "Newstate" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `OriginateResponse`, of class `call`. Asterisk 16 and 22.
    ///
    #[doc = page!(22, "Events", "OriginateResponse")]
    OriginateResponse = "OriginateResponse" [Call] {
        response: open(OriginateResult) = "Response";
        channel: text = "Channel";
        context: text = "Context";
        exten: text = "Exten";
        application: text = "Application";
        data: text = "Data";
        reason: number(Reason) = "Reason";
        unique_id: unique_id = "Uniqueid";
        caller_id_num: text = "CallerIDNum";
        caller_id_name: text = "CallerIDName";
    }
    /// The event `OutboundRegistrationDetail`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 12.0.0. An item of the list of
    /// [`PJSIPShowRegistrationsOutbound`](crate::action::PJSIPShowRegistrationsOutbound).
    ///
    #[doc = page!(22, "Events", "OutboundRegistrationDetail")]
    OutboundRegistrationDetail = "OutboundRegistrationDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        max_retries: number(u32) = "MaxRetries";
        client_uri: text = "ClientUri";
        security_negotiation: text = "SecurityNegotiation";
        auth_rejection_permanent: flag = "AuthRejectionPermanent";
        server_uri: text = "ServerUri";
        max_random_initial_delay: seconds = "MaxRandomInitialDelay";
        support_path: flag = "SupportPath";
        retry_interval: seconds = "RetryInterval";
        contact_header_params: text = "ContactHeaderParams";
        expiration: seconds = "Expiration";
        transport: text = "Transport";
        line: text = "Line";
        contact_user: text = "ContactUser";
        endpoint: text = "Endpoint";
        user_agent: text = "UserAgent";
        forbidden_retry_interval: seconds = "ForbiddenRetryInterval";
        outbound_auth: text = "OutboundAuth";
        outbound_proxy: text = "OutboundProxy";
        fatal_retry_interval: seconds = "FatalRetryInterval";
        support_outbound: flag = "SupportOutbound";
        status: open(RegistrationStatus) = "Status";
        next_reg: seconds = "NextReg";
    }
    /// The event `OutboundRegistrationDetailComplete`, which is only sent in replies and has no
    /// class. Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowRegistrationsOutbound`](crate::action::PJSIPShowRegistrationsOutbound).
    OutboundRegistrationDetailComplete = "OutboundRegistrationDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
        registered: number(u32) = "Registered";
        not_registered: number(u32) = "NotRegistered";
    }
    /// The event `OutboundSubscriptionDetail`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 12.0.0. An item of the list of
    /// [`PJSIPShowSubscriptionsOutbound`](crate::action::PJSIPShowSubscriptionsOutbound).
    ///
    #[doc = page!(22, "Events", "OutboundSubscriptionDetail")]
    OutboundSubscriptionDetail = "OutboundSubscriptionDetail" [] {
        role: text = "Role";
        endpoint: text = "Endpoint";
        call_id: text = "Callid";
        state: text = "State";
        caller_id: text = "Callerid";
        subscription_type: open(SubscriptionType) = "SubscriptionType";
        extension: text = "Extension";
        extension_states: open(ExtensionStateText) = "ExtensionStates";
        mailboxes: text = "Mailboxes";
    }
    /// The event `OutboundSubscriptionDetailComplete`, which is only sent in replies and has no
    /// class. Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowSubscriptionsOutbound`](crate::action::PJSIPShowSubscriptionsOutbound).
    OutboundSubscriptionDetailComplete = "OutboundSubscriptionDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `PJSIPMaintenanceStatus`, of class `system`. Asterisk 22, since 20.20.0, 22.10.0
    /// and 23.4.0. An item of the list of
    /// [`PJSIPShowMaintenance`](crate::action::PJSIPShowMaintenance).
    ///
    #[doc = page!(22, "Events", "PJSIPMaintenanceStatus")]
    PJSIPMaintenanceStatus = "PJSIPMaintenanceStatus" [System] {
        endpoint: text = "Endpoint";
        status: open(AlarmState) = "Status";
    }
    /// The event `PJSIPMaintenanceStatusComplete`, which is only sent in replies and has no class.
    /// Asterisk 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowMaintenance`](crate::action::PJSIPShowMaintenance).
    PJSIPMaintenanceStatusComplete = "PJSIPMaintenanceStatusComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `PRIShowSpans`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. An item of the list of
    /// [`PRIShowSpans`](crate::action::PRIShowSpans).
    PRIShowSpans = "PRIShowSpans" [] {
        span: text = "Span";
        d_channel: text = "DChannel";
        order: text = "Order";
        active: text = "Active";
        alarm: text = "Alarm";
        up: text = "Up";
    }
    /// The event `PRIShowSpansComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PRIShowSpans`](crate::action::PRIShowSpans).
    PRIShowSpansComplete = "PRIShowSpansComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
        items: number(u32) = "Items";
    }
    /// The event `ParkedCall`, of class `call`. Asterisk 16 and 22, since 12.0.0. An item of the
    /// list of [`ParkedCalls`](crate::action::ParkedCalls).
    ///
    #[doc = page!(22, "Events", "ParkedCall")]
    ParkedCall = "ParkedCall" [Call] {
        parkee: channel_snapshot = "Parkee";
        parker_dial_string: text = "ParkerDialString";
        parkinglot: text = "Parkinglot";
        parking_space: text = "ParkingSpace";
        parking_timeout: seconds = "ParkingTimeout";
        parking_duration: seconds = "ParkingDuration";
    }
    /// The event `ParkedCallGiveUp`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ParkedCallGiveUp")]
    ParkedCallGiveUp = "ParkedCallGiveUp" [Call] {
        parkee: channel_snapshot = "Parkee";
        parker_dial_string: text = "ParkerDialString";
        parkinglot: text = "Parkinglot";
        parking_space: text = "ParkingSpace";
        parking_timeout: seconds = "ParkingTimeout";
        parking_duration: seconds = "ParkingDuration";
    }
    /// The event `ParkedCallSwap`, of class `call`. Asterisk 16 and 22, since 13.5.0.
    ///
    #[doc = page!(22, "Events", "ParkedCallSwap")]
    ParkedCallSwap = "ParkedCallSwap" [Call] {
        parkee: channel_snapshot = "Parkee";
        parker_dial_string: text = "ParkerDialString";
        parkinglot: text = "Parkinglot";
        parking_space: text = "ParkingSpace";
        parking_timeout: seconds = "ParkingTimeout";
        parking_duration: seconds = "ParkingDuration";
    }
    /// The event `ParkedCallTimeOut`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ParkedCallTimeOut")]
    ParkedCallTimeOut = "ParkedCallTimeOut" [Call] {
        parkee: channel_snapshot = "Parkee";
        parker_dial_string: text = "ParkerDialString";
        parkinglot: text = "Parkinglot";
        parking_space: text = "ParkingSpace";
        parking_timeout: seconds = "ParkingTimeout";
        parking_duration: seconds = "ParkingDuration";
    }
    /// The event `ParkedCallsComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`ParkedCalls`](crate::action::ParkedCalls).
    ParkedCallsComplete = "ParkedCallsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
        total: number(u32) = "Total";
    }
    /// The event `Parkinglot`, which is only sent in replies and has no class. Asterisk 16 and 22.
    /// Asterisk does not document the event. An item of the list of
    /// [`Parkinglots`](crate::action::Parkinglots).
    Parkinglot = "Parkinglot" [] {
        name: text = "Name";
        start_space: number(u32) = "StartSpace";
        stop_space: number(u32) = "StopSpace";
        timeout: seconds = "Timeout";
    }
    /// The event `ParkinglotsComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`Parkinglots`](crate::action::Parkinglots).
    ParkinglotsComplete = "ParkinglotsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `PeerEntry`, which is only sent in replies and has no class. Asterisk 16 and 22.
    /// Asterisk does not document the event. An item of the lists of
    /// [`IAXpeerlist`](crate::action::IAXpeerlist), [`IAXpeers`](crate::action::IAXpeers) and
    /// [`SIPpeers`](crate::action::SIPpeers).
    PeerEntry = "PeerEntry" [] {
        channel_type: text = "Channeltype";
        object_name: text = "ObjectName";
        object_username: text = "ObjectUsername";
        chan_object_type: text = "ChanObjectType";
        ip_address: text = "IPaddress";
        ip_port: number(u32) = "IPport";
        port: number(u32) = "Port";
        mask: text = "Mask";
        dynamic: flag = "Dynamic";
        trunk: flag = "Trunk";
        encryption: flag = "Encryption";
        auto_forcerport: flag = "AutoForcerport";
        forcerport: flag = "Forcerport";
        auto_comedia: flag = "AutoComedia";
        comedia: flag = "Comedia";
        video_support: flag = "VideoSupport";
        text_support: flag = "TextSupport";
        acl: flag = "ACL";
        status: text = "Status";
        realtime_device: flag = "RealtimeDevice";
        description: text = "Description";
        account_code: text = "Accountcode";
    }
    /// The event `PeerStatus`, of class `system`. Asterisk 16 and 22, since 12.0.0. An item of the
    /// list of [`SIPpeerstatus`](crate::action::SIPpeerstatus).
    ///
    #[doc = page!(22, "Events", "PeerStatus")]
    PeerStatus = "PeerStatus" [System] {
        channel_type: text = "ChannelType";
        peer: text = "Peer";
        peer_status: open(PeerState) = "PeerStatus";
        cause: text = "Cause";
        address: text = "Address";
        port: number(u32) = "Port";
        time: text = "Time";
    }
    /// The event `PeerlistComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the lists of
    /// [`IAXpeerlist`](crate::action::IAXpeerlist), [`IAXpeers`](crate::action::IAXpeers) and
    /// [`SIPpeers`](crate::action::SIPpeers).
    PeerlistComplete = "PeerlistComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `Pickup`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Pickup")]
    Pickup = "Pickup" [Call] {
        snapshot: channel_snapshot = "";
        target: channel_snapshot = "Target";
    }
    /// The event `PresenceStateChange`, of class `call`. Asterisk 16 and 22, since 13.0.0. An item
    /// of the list of [`PresenceStateList`](crate::action::PresenceStateList).
    ///
    #[doc = page!(22, "Events", "PresenceStateChange")]
    PresenceStateChange = "PresenceStateChange" [Call] {
        presentity: text = "Presentity";
        status: number(PresenceState) = "Status";
        subtype: unescaped = "Subtype";
        message: unescaped = "Message";
    }
    /// The event `PresenceStateListComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22, since 13.0.0. The end of the list of
    /// [`PresenceStateList`](crate::action::PresenceStateList).
    ///
    #[doc = page!(22, "Events", "PresenceStateListComplete")]
    PresenceStateListComplete = "PresenceStateListComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `PresenceStatus`, of class `call`. Asterisk 16 and 22.
    ///
    #[doc = page!(22, "Events", "PresenceStatus")]
    PresenceStatus = "PresenceStatus" [Call] {
        exten: text = "Exten";
        context: text = "Context";
        hint: text = "Hint";
        status: number(PresenceState) = "Status";
        subtype: text = "Subtype";
        message: text = "Message";
    }
    /// The event `QueueCallerAbandon`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueCallerAbandon")]
    QueueCallerAbandon = "QueueCallerAbandon" [Agent] {
        snapshot: channel_snapshot = "";
        queue: text = "Queue";
        position: number(u32) = "Position";
        original_position: number(u32) = "OriginalPosition";
        hold_time: seconds = "HoldTime";
    }
    /// The event `QueueCallerJoin`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueCallerJoin")]
    QueueCallerJoin = "QueueCallerJoin" [Agent] {
        snapshot: channel_snapshot = "";
        queue: text = "Queue";
        position: number(u32) = "Position";
        count: number(u32) = "Count";
    }
    /// The event `QueueCallerLeave`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueCallerLeave")]
    QueueCallerLeave = "QueueCallerLeave" [Agent] {
        snapshot: channel_snapshot = "";
        queue: text = "Queue";
        count: number(u32) = "Count";
        position: number(u32) = "Position";
    }
    /// The event `QueueEntry`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 16.24.0, 18.10.0 and 19.2.0. An item of the list of
    /// [`QueueStatus`](crate::action::QueueStatus).
    ///
    #[doc = page!(22, "Events", "QueueEntry")]
    QueueEntry = "QueueEntry" [] {
        queue: text = "Queue";
        position: number(u32) = "Position";
        channel: channel = "Channel";
        unique_id: unique_id = "Uniqueid";
        caller_id_num: text = "CallerIDNum";
        caller_id_name: text = "CallerIDName";
        connected_line_num: text = "ConnectedLineNum";
        connected_line_name: text = "ConnectedLineName";
        wait: seconds = "Wait";
        priority: number(i32) = "Priority";
    }
    /// The event `QueueMember`, which is only sent in replies and has no class. Asterisk 16 and 22.
    /// Asterisk does not document the event. An item of the list of
    /// [`QueueStatus`](crate::action::QueueStatus).
    QueueMember = "QueueMember" [] {
        queue: text = "Queue";
        name: text = "Name";
        location: text = "Location";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        wrap_up_time: seconds = "Wrapuptime";
    }
    /// The event `QueueMemberAdded`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueMemberAdded")]
    QueueMemberAdded = "QueueMemberAdded" [Agent] {
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        ringinuse: flag = "Ringinuse";
        wrap_up_time: seconds = "Wrapuptime";
    }
    /// The event `QueueMemberPause`, of class `agent`. Asterisk 16 and 22, since 12.2.0.
    ///
    #[doc = page!(22, "Events", "QueueMemberPause")]
    QueueMemberPause = "QueueMemberPause" [Agent] {
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        ringinuse: flag = "Ringinuse";
        wrap_up_time: seconds = "Wrapuptime";
        /// Asterisk 16 only.
        reason: text = "Reason";
    }
    /// The event `QueueMemberPenalty`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueMemberPenalty")]
    QueueMemberPenalty = "QueueMemberPenalty" [Agent] {
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        ringinuse: flag = "Ringinuse";
        wrap_up_time: seconds = "Wrapuptime";
    }
    /// The event `QueueMemberRemoved`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueMemberRemoved")]
    QueueMemberRemoved = "QueueMemberRemoved" [Agent] {
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        ringinuse: flag = "Ringinuse";
        wrap_up_time: seconds = "Wrapuptime";
    }
    /// The event `QueueMemberRinginuse`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueMemberRinginuse")]
    QueueMemberRinginuse = "QueueMemberRinginuse" [Agent] {
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        ringinuse: flag = "Ringinuse";
        wrap_up_time: seconds = "Wrapuptime";
    }
    /// The event `QueueMemberStatus`, of class `agent`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "QueueMemberStatus")]
    QueueMemberStatus = "QueueMemberStatus" [Agent] {
        queue: text = "Queue";
        member_name: text = "MemberName";
        interface: text = "Interface";
        state_interface: text = "StateInterface";
        membership: open(QueueMembership) = "Membership";
        penalty: number(i32) = "Penalty";
        calls_taken: number(u32) = "CallsTaken";
        last_call: epoch = "LastCall";
        last_pause: epoch = "LastPause";
        login_time: epoch = "LoginTime";
        in_call: flag = "InCall";
        status: number(DeviceState) = "Status";
        paused: flag = "Paused";
        paused_reason: text = "PausedReason";
        ringinuse: flag = "Ringinuse";
        wrap_up_time: seconds = "Wrapuptime";
    }
    /// The event `QueueParams`, which is only sent in replies and has no class. Asterisk 16 and 22,
    /// since 16.24.0, 18.10.0 and 19.2.0. An item of the list of
    /// [`QueueStatus`](crate::action::QueueStatus).
    ///
    #[doc = page!(22, "Events", "QueueParams")]
    QueueParams = "QueueParams" [] {
        max: number(u32) = "Max";
        strategy: text = "Strategy";
        calls: number(u32) = "Calls";
        holdtime: seconds = "Holdtime";
        talk_time: seconds = "TalkTime";
        completed: number(u32) = "Completed";
        abandoned: number(u32) = "Abandoned";
        queue: text = "Queue";
        service_level: seconds = "ServiceLevel";
        servicelevel_perf: number(f64) = "ServicelevelPerf";
        servicelevel_perf2: number(f64) = "ServicelevelPerf2";
        weight: number(u32) = "Weight";
    }
    /// The event `QueueStatusComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`QueueStatus`](crate::action::QueueStatus).
    QueueStatusComplete = "QueueStatusComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `QueueSummary`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. An item of the list of
    /// [`QueueSummary`](crate::action::QueueSummary).
    QueueSummary = "QueueSummary" [] {
        queue: text = "Queue";
        logged_in: number(u32) = "LoggedIn";
        available: number(u32) = "Available";
        callers: number(u32) = "Callers";
        hold_time: seconds = "HoldTime";
        talk_time: seconds = "TalkTime";
        longest_hold_time: seconds = "LongestHoldTime";
    }
    /// The event `QueueSummaryComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`QueueSummary`](crate::action::QueueSummary).
    QueueSummaryComplete = "QueueSummaryComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `RTCPReceived`, of class `reporting`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "RTCPReceived")]
    RTCPReceived = "RTCPReceived" [Reporting] {
        snapshot: channel_snapshot = "";
        ssrc: hex = "SSRC";
        pt: open(RtcpType) = "PT";
        from: address = "From";
        rtt: number(f64) = "RTT";
        report_count: number(u32) = "ReportCount";
        sent_ntp: text = "SentNTP";
        sent_rtp: number(u32) = "SentRTP";
        sent_packets: number(u32) = "SentPackets";
        sent_octets: number(u32) = "SentOctets";
        reports: reports = "ReportX";
        to: address = "To";
        /// Asterisk 22 only.
        mes: number(f64) = "MES";
    }
    /// The event `RTCPSent`, of class `reporting`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "RTCPSent")]
    RTCPSent = "RTCPSent" [Reporting] {
        snapshot: channel_snapshot = "";
        ssrc: hex = "SSRC";
        pt: open(RtcpType) = "PT";
        to: address = "To";
        report_count: number(u32) = "ReportCount";
        sent_ntp: text = "SentNTP";
        sent_rtp: number(u32) = "SentRTP";
        sent_packets: number(u32) = "SentPackets";
        sent_octets: number(u32) = "SentOctets";
        reports: reports = "ReportX";
        from: address = "From";
        /// Asterisk 22 only.
        mes: number(f64) = "MES";
    }
    /// The event `ReceiveFAX`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "ReceiveFAX")]
    ReceiveFAX = "ReceiveFAX" [Call] {
        snapshot: channel_snapshot = "";
        local_station_id: text = "LocalStationID";
        remote_station_id: text = "RemoteStationID";
        pages_transferred: number(u32) = "PagesTransferred";
        resolution: text = "Resolution";
        transfer_rate: number(u32) = "TransferRate";
        file_name: text = "FileName";
    }
    /// The event `RegistrationsComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22. Asterisk does not document the event. The end of the lists of
    /// [`IAXregistry`](crate::action::IAXregistry) and
    /// [`SIPshowregistry`](crate::action::SIPshowregistry).
    RegistrationsComplete = "RegistrationsComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `Registry`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Registry")]
    Registry = "Registry" [System] {
        channel_type: text = "ChannelType";
        username: text = "Username";
        domain: text = "Domain";
        status: open(RegistrationStatus) = "Status";
        cause: text = "Cause";
    }
    /// The event `RegistryEntry`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. Asterisk does not document the event. An item of the lists of
    /// [`IAXregistry`](crate::action::IAXregistry) and
    /// [`SIPshowregistry`](crate::action::SIPshowregistry).
    RegistryEntry = "RegistryEntry" [] {
        host: text = "Host";
        port: number(u32) = "Port";
        dns_manager: text = "DNSmanager";
        username: text = "Username";
        domain: text = "Domain";
        domain_port: number(u32) = "DomainPort";
        perceived: text = "Perceived";
        refresh: seconds = "Refresh";
        state: text = "State";
        registration_time: text = "RegistrationTime";
    }
    /// The event `Reload`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Reload")]
    Reload = "Reload" [System] {
        module: text = "Module";
        status: number(u32) = "Status";
    }
    /// The event `Rename`, of class `call`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and 19.2.0.
    ///
    #[doc = page!(22, "Events", "Rename")]
    Rename = "Rename" [Call] {
        channel: channel = "Channel";
        newname: text = "Newname";
        unique_id: unique_id = "Uniqueid";
    }
    /// The event `RequestBadFormat`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "RequestBadFormat")]
    RequestBadFormat = "RequestBadFormat" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        request_type: text = "RequestType";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
        request_params: text = "RequestParams";
    }
    /// The event `RequestNotAllowed`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "RequestNotAllowed")]
    RequestNotAllowed = "RequestNotAllowed" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        request_type: text = "RequestType";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
        request_params: text = "RequestParams";
    }
    /// The event `RequestNotSupported`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "RequestNotSupported")]
    RequestNotSupported = "RequestNotSupported" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        request_type: text = "RequestType";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `ResourceListDetail`, which is only sent in replies and has no class. Asterisk 16
    /// and 22, since 13.0.0. An item of the list of
    /// [`PJSIPShowResourceLists`](crate::action::PJSIPShowResourceLists).
    ///
    #[doc = page!(22, "Events", "ResourceListDetail")]
    ResourceListDetail = "ResourceListDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        event: text = "Event";
        full_state: flag = "FullState";
        list_item: text = "ListItem";
        notification_batch_interval: millis = "NotificationBatchInterval";
        resource_display_name: flag = "ResourceDisplayName";
    }
    /// The event `ResourceListDetailComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`PJSIPShowResourceLists`](crate::action::PJSIPShowResourceLists).
    ResourceListDetailComplete = "ResourceListDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `SIPQualifyPeerDone`, of class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Events", "SIPQualifyPeerDone")]
    SIPQualifyPeerDone = "SIPQualifyPeerDone" [Call] {
        peer: text = "Peer";
    }
    /// The event `SIPpeerstatusComplete`, which is only sent in replies and has no class. Asterisk
    /// 16. Asterisk does not document the event. The end of the list of
    /// [`SIPpeerstatus`](crate::action::SIPpeerstatus).
    SIPpeerstatusComplete = "SIPpeerstatusComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `SendFAX`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "SendFAX")]
    SendFAX = "SendFAX" [Call] {
        snapshot: channel_snapshot = "";
        local_station_id: text = "LocalStationID";
        remote_station_id: text = "RemoteStationID";
        pages_transferred: number(u32) = "PagesTransferred";
        resolution: text = "Resolution";
        transfer_rate: number(u32) = "TransferRate";
        file_name: text = "FileName";
    }
    /// The event `SessionLimit`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "SessionLimit")]
    SessionLimit = "SessionLimit" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `SessionTimeout`, of class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Events", "SessionTimeout")]
    SessionTimeout = "SessionTimeout" [Call] {
        snapshot: channel_snapshot = "";
        source: open(SessionTimeoutSource) = "Source";
    }
    /// The event `ShowDialPlanComplete`, which is only sent in replies and has no class. Asterisk
    /// 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`ShowDialPlan`](crate::action::ShowDialPlan).
    ShowDialPlanComplete = "ShowDialPlanComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
        list_extensions: number(u32) = "ListExtensions";
        list_priorities: number(u32) = "ListPriorities";
        list_contexts: number(u32) = "ListContexts";
    }
    /// The event `Shutdown`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Shutdown")]
    Shutdown = "Shutdown" [System] {
        shutdown: open(ShutdownKind) = "Shutdown";
        restart: flag = "Restart";
    }
    /// The event `SoftHangupRequest`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "SoftHangupRequest")]
    SoftHangupRequest = "SoftHangupRequest" [Call] {
        snapshot: channel_snapshot = "";
        cause: number(Cause) = "Cause";
    }
    /// The event `SpanAlarm`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "SpanAlarm")]
    SpanAlarm = "SpanAlarm" [System] {
        span: text = "Span";
        alarm: text = "Alarm";
    }
    /// The event `SpanAlarmClear`, of class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "SpanAlarmClear")]
    SpanAlarmClear = "SpanAlarmClear" [System] {
        span: text = "Span";
    }
    /// The event `Status`, which is only sent in replies and has no class. Asterisk 16 and 22. An
    /// item of the list of [`Status`](crate::action::Status).
    ///
    #[doc = page!(22, "Events", "Status")]
    Status = "Status" [] {
        snapshot: channel_snapshot = "";
        type_: text = "Type";
        dnid: text = "DNID";
        effective_connected_line_num: text = "EffectiveConnectedLineNum";
        effective_connected_line_name: text = "EffectiveConnectedLineName";
        time_to_hangup: number(i64) = "TimeToHangup";
        bridge_id: text = "BridgeID";
        application: text = "Application";
        data: text = "Data";
        nativeformats: text = "Nativeformats";
        readformat: text = "Readformat";
        readtrans: text = "Readtrans";
        writeformat: text = "Writeformat";
        writetrans: text = "Writetrans";
        callgroup: number(u64) = "Callgroup";
        pickupgroup: number(u64) = "Pickupgroup";
        seconds: seconds = "Seconds";
        variable: texts = "Variable";
    }
    /// The event `StatusComplete`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22. The end of the list of [`Status`](crate::action::Status).
    ///
    #[doc = page!(22, "Events", "StatusComplete")]
    StatusComplete = "StatusComplete" [] {
        items: number(u32) = "Items";
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `SuccessfulAuth`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "SuccessfulAuth")]
    SuccessfulAuth = "SuccessfulAuth" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        using_password: flag = "UsingPassword";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `TestEvent`, of class `reporting`. Asterisk 16 and 22. Asterisk does not document
    /// the event.
    TestEvent = "TestEvent" [Reporting] {
        type_: text = "Type";
        state: text = "State";
        app_file: text = "AppFile";
        app_function: text = "AppFunction";
        app_line: number(u32) = "AppLine";
    }
    /// The event `TransportDetail`, which is only sent in replies and has no class. Asterisk 16 and
    /// 22, since 12.6.0. An item of the list of
    /// [`PJSIPShowEndpoint`](crate::action::PJSIPShowEndpoint).
    ///
    #[doc = page!(22, "Events", "TransportDetail")]
    TransportDetail = "TransportDetail" [] {
        object_type: text = "ObjectType";
        object_name: text = "ObjectName";
        protocol: text = "Protocol";
        bind: text = "Bind";
        ca_list_file: text = "CaListFile";
        ca_list_path: text = "CaListPath";
        cert_file: text = "CertFile";
        priv_key_file: text = "PrivKeyFile";
        password: text = "Password";
        external_signaling_address: text = "ExternalSignalingAddress";
        external_signaling_port: text = "ExternalSignalingPort";
        external_media_address: text = "ExternalMediaAddress";
        domain: text = "Domain";
        verify_server: text = "VerifyServer";
        verify_client: text = "VerifyClient";
        require_client_cert: text = "RequireClientCert";
        method: text = "Method";
        cipher: text = "Cipher";
        local_net: text = "LocalNet";
        tos: text = "Tos";
        cos: text = "Cos";
        websocket_write_timeout: text = "WebsocketWriteTimeout";
        /// Asterisk 22 only.
        allow_reload: text = "AllowReload";
        /// Asterisk 22 only.
        allow_wildcard_certs: text = "AllowWildcardCerts";
        /// Asterisk 22 only.
        symmetric_transport: text = "SymmetricTransport";
        /// Asterisk 22 only.
        tcp_keepalive_enable: text = "TcpKeepaliveEnable";
        /// Asterisk 22 only.
        tcp_keepalive_idle_time: text = "TcpKeepaliveIdleTime";
        /// Asterisk 22 only.
        tcp_keepalive_interval_time: text = "TcpKeepaliveIntervalTime";
        /// Asterisk 22 only.
        tcp_keepalive_probe_count: text = "TcpKeepaliveProbeCount";
        endpoint_name: text = "EndpointName";
        async_operations: text = "AsyncOperations";
    }
    /// The event `UnParkedCall`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "UnParkedCall")]
    UnParkedCall = "UnParkedCall" [Call] {
        parkee: channel_snapshot = "Parkee";
        parker_dial_string: text = "ParkerDialString";
        parkinglot: text = "Parkinglot";
        parking_space: text = "ParkingSpace";
        parking_timeout: seconds = "ParkingTimeout";
        parking_duration: seconds = "ParkingDuration";
        retriever: channel_snapshot = "Retriever";
    }
    /// The event `UnexpectedAddress`, of class `security`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Events", "UnexpectedAddress")]
    UnexpectedAddress = "UnexpectedAddress" [Security] {
        event_tv: date_time = "EventTV";
        severity: open(Severity) = "Severity";
        service: text = "Service";
        event_version: number(u32) = "EventVersion";
        account_id: text = "AccountID";
        session_id: text = "SessionID";
        local_address: address = "LocalAddress";
        remote_address: address = "RemoteAddress";
        expected_address: address = "ExpectedAddress";
        module: text = "Module";
        session_tv: date_time = "SessionTV";
    }
    /// The event `Unhold`, of class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "Unhold")]
    Unhold = "Unhold" [Call] {
        snapshot: channel_snapshot = "";
    }
    /// The event `Unload`, of class `system`. Asterisk 16 and 22, since 16.0.0.
    ///
    #[doc = page!(22, "Events", "Unload")]
    Unload = "Unload" [System] {
        module: text = "Module";
        status: open(ModuleStatus) = "Status";
    }
    /// The event `UserEvent`, of class `user`. Asterisk 16 and 22, since 12.3.0.
    ///
    #[doc = page!(22, "Events", "UserEvent")]
    UserEvent = "UserEvent" [User] {
        snapshot: channel_snapshot = "";
        user_event: text = "UserEvent";
    }
    /// The event `VarSet`, of class `dialplan`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Events", "VarSet")]
    VarSet = "VarSet" [Dialplan] {
        snapshot: channel_snapshot = "";
        variable: text = "Variable";
        value: unescaped = "Value";
    }
    /// The event `VoicemailBoxDetail`, which is only sent in replies and has no class. Asterisk 22.
    /// Asterisk does not document the event. An item of the list of
    /// [`VoicemailBoxSummary`](crate::action::VoicemailBoxSummary).
    VoicemailBoxDetail = "VoicemailBoxDetail" [] {
        folder: text = "Folder";
        caller_id: text = "CallerID";
        date: text = "Date";
        duration: text = "Duration";
        flag: text = "Flag";
        id: text = "ID";
    }
    /// The event `VoicemailBoxDetailComplete`, which is only sent in replies and has no class.
    /// Asterisk 22. Asterisk does not document the event. The end of the list of
    /// [`VoicemailBoxSummary`](crate::action::VoicemailBoxSummary).
    VoicemailBoxDetailComplete = "VoicemailBoxDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `VoicemailPasswordChange`, of the classes `system` and `user`. Asterisk 16 and 22.
    ///
    #[doc = page!(22, "Events", "VoicemailPasswordChange")]
    VoicemailPasswordChange = "VoicemailPasswordChange" [System User] {
        context: text = "Context";
        mailbox: text = "Mailbox";
        new_password: text = "NewPassword";
    }
    /// The event `VoicemailUserDetail`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. An item of the list of
    /// [`VoicemailUserStatus`](crate::action::VoicemailUserStatus).
    VoicemailUserDetail = "VoicemailUserDetail" [] {
        vm_context: text = "VMContext";
        voice_mailbox: text = "VoiceMailbox";
        fullname: text = "Fullname";
        email: text = "Email";
        pager: text = "Pager";
        server_email: text = "ServerEmail";
        from_string: text = "FromString";
        mail_command: text = "MailCommand";
        language: text = "Language";
        time_zone: text = "TimeZone";
        callback: text = "Callback";
        dialout: text = "Dialout";
        unique_id: text = "UniqueID";
        exit_context: text = "ExitContext";
        say_duration_minimum: seconds = "SayDurationMinimum";
        say_envelope: flag = "SayEnvelope";
        say_cid: flag = "SayCID";
        attach_message: flag = "AttachMessage";
        attachment_format: text = "AttachmentFormat";
        delete_message: flag = "DeleteMessage";
        volume_gain: number(f64) = "VolumeGain";
        can_review: flag = "CanReview";
        can_mark_urgent: flag = "CanMarkUrgent";
        call_operator: flag = "CallOperator";
        max_message_count: number(u32) = "MaxMessageCount";
        max_message_length: seconds = "MaxMessageLength";
        new_message_count: number(u32) = "NewMessageCount";
        old_message_count: number(u32) = "OldMessageCount";
    }
    /// The event `VoicemailUserDetailComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`VoicemailUserStatus`](crate::action::VoicemailUserStatus).
    VoicemailUserDetailComplete = "VoicemailUserDetailComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `VoicemailUserEntry`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. An item of the list of
    /// [`VoicemailUsersList`](crate::action::VoicemailUsersList).
    VoicemailUserEntry = "VoicemailUserEntry" [] {
        vm_context: text = "VMContext";
        voice_mailbox: text = "VoiceMailbox";
        fullname: text = "Fullname";
        email: text = "Email";
        pager: text = "Pager";
        server_email: text = "ServerEmail";
        from_string: text = "FromString";
        mail_command: text = "MailCommand";
        language: text = "Language";
        time_zone: text = "TimeZone";
        callback: text = "Callback";
        dialout: text = "Dialout";
        unique_id: text = "UniqueID";
        exit_context: text = "ExitContext";
        say_duration_minimum: seconds = "SayDurationMinimum";
        say_envelope: flag = "SayEnvelope";
        say_cid: flag = "SayCID";
        attach_message: flag = "AttachMessage";
        attachment_format: text = "AttachmentFormat";
        delete_message: flag = "DeleteMessage";
        volume_gain: number(f64) = "VolumeGain";
        can_review: flag = "CanReview";
        can_mark_urgent: flag = "CanMarkUrgent";
        call_operator: flag = "CallOperator";
        max_message_count: number(u32) = "MaxMessageCount";
        max_message_length: seconds = "MaxMessageLength";
        new_message_count: number(u32) = "NewMessageCount";
        old_message_count: number(u32) = "OldMessageCount";
    }
    /// The event `VoicemailUserEntryComplete`, which is only sent in replies and has no class.
    /// Asterisk 16 and 22. Asterisk does not document the event. The end of the list of
    /// [`VoicemailUsersList`](crate::action::VoicemailUsersList).
    VoicemailUserEntryComplete = "VoicemailUserEntryComplete" [] {
        event_list: text = "EventList";
        list_items: number(u32) = "ListItems";
    }
    /// The event `WaitEventComplete`, which is only sent in replies and has no class. Asterisk 16
    /// and 22. Asterisk does not document the event. The end of the list of
    /// [`WaitEvent`](crate::action::WaitEvent).
    WaitEventComplete = "WaitEventComplete" [] {
    }
    /// The event `Wink`, of class `call`. Asterisk 16 and 22, since 16.24.0, 18.10.0 and 19.2.0.
    ///
    #[doc = page!(22, "Events", "Wink")]
    Wink = "Wink" [Call] {
        snapshot: channel_snapshot = "";
    }
}
