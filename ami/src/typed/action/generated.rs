//! The actions. Written by `ami/codegen`; do not edit.

#![allow(clippy::upper_case_acronyms, reason = "the names are those of the server")]

use std::time::Duration;

use super::macros::{actions, described, kind, note, sent};
use super::reply::{Items, Output, Plain, Whole};
use super::{Description, Parameter, ParameterKind, TypedAction};
use crate::typed::event;
use crate::typed::page::page;
use crate::wire::{Action, EventClass};

actions! {
    /// The action `AGI`. Needs the write class `agi`. Asterisk 16 and 22, since 1.6.0.
    /// [`Client::async_agi`](crate::Client::async_agi) returns sessions that wait for the results.
    ///
    #[doc = page!(22, "Actions", "AGI")]
    AGI = "AGI" (channel: text = "Channel", command: text = "Command") [Agi] -> Plain {
        command_id: text = "CommandID";
    }
    /// The action `AOCMessage`. Needs the write class `aoc`. Asterisk 16 and 22, since 1.8.0.
    /// Documented values of `MsgType`: `S`, `D` and `E`.
    ///
    #[doc = page!(22, "Actions", "AOCMessage")]
    AOCMessage = "AOCMessage" (msg_type: text = "MsgType") [Aoc] -> Plain {
        channel: text = "Channel";
        channel_prefix: text = "ChannelPrefix";
        /// Documented values: `NA`, `FREE`, `Currency` and `Unit`.
        charge_type: text = "ChargeType";
        currency_name: text = "CurrencyName";
        currency_amount: text = "CurrencyAmount";
        /// Documented values: `OneThousandth`, `OneHundredth`, `OneTenth`, `One`, `Ten`, `Hundred`
        /// and `Thousand`.
        currency_multiplier: text = "CurrencyMultiplier";
        /// Documented values: `Total` and `SubTotal`. Default: `Total`.
        total_type: text = "TotalType";
        /// Documented values: `Normal`, `ReverseCharge`, `CreditCard`, `CallFwdUnconditional`,
        /// `CallFwdBusy`, `CallFwdNoReply`, `CallDeflection` and `CallTransfer`.
        aoc_billing_id: text = "AOCBillingId";
        charging_association_id: text = "ChargingAssociationId";
        charging_association_number: text = "ChargingAssociationNumber";
        charging_association_plan: text = "ChargingAssociationPlan";
        /// Documented values: `NA`, `SpecialArrangement`, `BasicCommunication`, `CallAttempt`,
        /// `CallSetup`, `UserUserInfo` and `SupplementaryService`. Asterisk 22 only.
        charged_item: text = "ChargedItem";
        /// Documented values: `NA`, `Free`, `FreeFromBeginning`, `Duration`, `Flat`, `Volume` and
        /// `SpecialCode`. Asterisk 22 only.
        rate_type: text = "RateType";
        /// Asterisk 22 only.
        time: text = "Time";
        /// Documented values: `OneHundredthSecond`, `OneTenthSecond`, `Second`, `TenSeconds`,
        /// `Minute`, `Hour` and `Day`. Asterisk 22 only.
        time_scale: text = "TimeScale";
        /// Asterisk 22 only.
        granularity: text = "Granularity";
        /// Documented values: `OneHundredthSecond`, `OneTenthSecond`, `Second`, `TenSeconds`,
        /// `Minute`, `Hour` and `Day`. Asterisk 22 only.
        granularity_time_scale: text = "GranularityTimeScale";
        /// Documented values: `ContinuousCharging` and `StepFunction`. Asterisk 22 only.
        charging_type: text = "ChargingType";
        /// Documented values: `Octet`, `Segment` and `Message`. Asterisk 22 only.
        volume_unit: text = "VolumeUnit";
        /// Asterisk 22 only.
        code: text = "Code";
    }
    /// The action `AbsoluteTimeout`. Needs one of the write classes `system` and `call`. Asterisk
    /// 16 and 22, since 0.5.0.
    ///
    #[doc = page!(22, "Actions", "AbsoluteTimeout")]
    AbsoluteTimeout = "AbsoluteTimeout" (
        channel: text = "Channel",
        timeout: seconds = "Timeout"
    ) [System Call] -> Plain {
    }
    /// The action `AgentLogoff`. Needs the write class `agent`. Asterisk 16 and 22, since 1.2.0.
    ///
    #[doc = page!(22, "Actions", "AgentLogoff")]
    AgentLogoff = "AgentLogoff" (agent: text = "Agent") [Agent] -> Plain {
        soft: flag = "Soft";
    }
    /// The action `Agents`. Needs the write class `agent`. Asterisk 16 and 22, since 1.2.0. The
    /// reply is a list of [`Agents`](event::Agents), and [`AgentsComplete`](event::AgentsComplete)
    /// ends it.
    ///
    #[doc = page!(22, "Actions", "Agents")]
    Agents = "Agents" () [Agent] -> Items<event::Agents> {
    }
    /// The action `Atxfer`. Needs the write class `call`. Asterisk 16 and 22, since 1.6.1.0.
    ///
    #[doc = page!(22, "Actions", "Atxfer")]
    Atxfer = "Atxfer" (channel: text = "Channel", exten: text = "Exten") [Call] -> Plain {
        context: text = "Context";
    }
    /// The action `BlindTransfer`. Needs the write class `call`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "BlindTransfer")]
    BlindTransfer = "BlindTransfer" (
        channel: text = "Channel",
        exten: text = "Exten"
    ) [Call] -> Plain {
        context: text = "Context";
    }
    /// The action `Bridge`. Needs the write class `call`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "Bridge")]
    Bridge = "Bridge" (channel1: text = "Channel1", channel2: text = "Channel2") [Call] -> Plain {
        /// Documented values: `no`, `Channel1`, `Channel2` and `Both`.
        tone: text = "Tone";
    }
    /// The action `BridgeDestroy`. Needs no class. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "BridgeDestroy")]
    BridgeDestroy = "BridgeDestroy" (bridge_unique_id: text = "BridgeUniqueid") [] -> Plain {
    }
    /// The action `BridgeInfo`. Needs no class. Asterisk 16 and 22, since 12.0.0. The reply is a
    /// list of [`BridgeInfoChannel`](event::BridgeInfoChannel), and
    /// [`BridgeInfoComplete`](event::BridgeInfoComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "BridgeInfo")]
    BridgeInfo = "BridgeInfo" (
        bridge_unique_id: text = "BridgeUniqueid"
    ) [] -> Items<event::BridgeInfoChannel> {
    }
    /// The action `BridgeKick`. Needs no class. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "BridgeKick")]
    BridgeKick = "BridgeKick" (channel: text = "Channel") [] -> Plain {
        bridge_unique_id: text = "BridgeUniqueid";
    }
    /// The action `BridgeList`. Needs no class. Asterisk 16 and 22, since 12.0.0. The reply is a
    /// list of [`BridgeListItem`](event::BridgeListItem), and
    /// [`BridgeListComplete`](event::BridgeListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "BridgeList")]
    BridgeList = "BridgeList" () [] -> Items<event::BridgeListItem> {
        bridge_type: text = "BridgeType";
    }
    /// The action `BridgeTechnologyList`. Needs no class. Asterisk 16 and 22, since 12.0.0. The
    /// reply is a list of [`BridgeTechnologyListItem`](event::BridgeTechnologyListItem), and
    /// [`BridgeTechnologyListComplete`](event::BridgeTechnologyListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "BridgeTechnologyList")]
    BridgeTechnologyList = "BridgeTechnologyList" () [] -> Items<event::BridgeTechnologyListItem> {
    }
    /// The action `BridgeTechnologySuspend`. Needs no class. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "BridgeTechnologySuspend")]
    BridgeTechnologySuspend = "BridgeTechnologySuspend" (
        bridge_technology: text = "BridgeTechnology"
    ) [] -> Plain {
    }
    /// The action `BridgeTechnologyUnsuspend`. Needs no class. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "BridgeTechnologyUnsuspend")]
    BridgeTechnologyUnsuspend = "BridgeTechnologyUnsuspend" (
        bridge_technology: text = "BridgeTechnology"
    ) [] -> Plain {
    }
    /// The action `CancelAtxfer`. Needs the write class `call`. Asterisk 16 and 22, since 13.18.0,
    /// 14.7.0 and 15.1.0.
    ///
    #[doc = page!(22, "Actions", "CancelAtxfer")]
    CancelAtxfer = "CancelAtxfer" (channel: text = "Channel") [Call] -> Plain {
    }
    /// The action `Challenge`. Needs no class. Asterisk 16 and 22, since 0.4.0. The client sends it
    /// itself, if its configuration says so. Documented values of `AuthType`: `MD5`.
    ///
    #[doc = page!(22, "Actions", "Challenge")]
    Challenge = "Challenge" (auth_type: text = "AuthType") [] -> Plain {
    }
    /// The action `ChangeMonitor`. Needs the write class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "ChangeMonitor")]
    ChangeMonitor = "ChangeMonitor" (
        channel: text = "Channel",
        file: text = "File"
    ) [Call] -> Plain {
    }
    /// The action `Command`. Needs the write class `command`. Asterisk 16 and 22, since 0.3.0.
    ///
    #[doc = page!(22, "Actions", "Command")]
    Command = "Command" (command: text = "Command") [Command] -> Output {
    }
    /// The action `ConfbridgeKick`. Needs the write class `call`. Asterisk 16 and 22, since 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeKick")]
    ConfbridgeKick = "ConfbridgeKick" (
        conference: text = "Conference",
        channel: text = "Channel"
    ) [Call] -> Plain {
    }
    /// The action `ConfbridgeList`. Needs the write class `reporting`. Asterisk 16 and 22, since
    /// 10.0.0. The reply is a list of [`ConfbridgeList`](event::ConfbridgeList), and
    /// [`ConfbridgeListComplete`](event::ConfbridgeListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeList")]
    ConfbridgeList = "ConfbridgeList" (
        conference: text = "Conference"
    ) [Reporting] -> Items<event::ConfbridgeList> {
    }
    /// The action `ConfbridgeListRooms`. Needs the write class `reporting`. Asterisk 16 and 22,
    /// since 10.0.0. The reply is a list of [`ConfbridgeListRooms`](event::ConfbridgeListRooms),
    /// and [`ConfbridgeListRoomsComplete`](event::ConfbridgeListRoomsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeListRooms")]
    ConfbridgeListRooms = "ConfbridgeListRooms" () [Reporting] -> Items<event::ConfbridgeListRooms> {
    }
    /// The action `ConfbridgeLock`. Needs the write class `call`. Asterisk 16 and 22, since 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeLock")]
    ConfbridgeLock = "ConfbridgeLock" (conference: text = "Conference") [Call] -> Plain {
    }
    /// The action `ConfbridgeMute`. Needs the write class `call`. Asterisk 16 and 22, since 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeMute")]
    ConfbridgeMute = "ConfbridgeMute" (
        conference: text = "Conference",
        channel: text = "Channel"
    ) [Call] -> Plain {
    }
    /// The action `ConfbridgeSetSingleVideoSrc`. Needs the write class `call`. Asterisk 16 and 22,
    /// since 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeSetSingleVideoSrc")]
    ConfbridgeSetSingleVideoSrc = "ConfbridgeSetSingleVideoSrc" (
        conference: text = "Conference",
        channel: text = "Channel"
    ) [Call] -> Plain {
    }
    /// The action `ConfbridgeStartRecord`. Needs the write class `system`. Asterisk 16 and 22,
    /// since 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeStartRecord")]
    ConfbridgeStartRecord = "ConfbridgeStartRecord" (
        conference: text = "Conference"
    ) [System] -> Plain {
        record_file: text = "RecordFile";
    }
    /// The action `ConfbridgeStopRecord`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeStopRecord")]
    ConfbridgeStopRecord = "ConfbridgeStopRecord" (
        conference: text = "Conference"
    ) [System] -> Plain {
    }
    /// The action `ConfbridgeUnlock`. Needs the write class `call`. Asterisk 16 and 22, since
    /// 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeUnlock")]
    ConfbridgeUnlock = "ConfbridgeUnlock" (conference: text = "Conference") [Call] -> Plain {
    }
    /// The action `ConfbridgeUnmute`. Needs the write class `call`. Asterisk 16 and 22, since
    /// 10.0.0.
    ///
    #[doc = page!(22, "Actions", "ConfbridgeUnmute")]
    ConfbridgeUnmute = "ConfbridgeUnmute" (
        conference: text = "Conference",
        channel: text = "Channel"
    ) [Call] -> Plain {
    }
    /// The action `ControlPlayback`. Needs the write class `call`. Asterisk 16 and 22, since
    /// 12.0.0. Documented values of `Control`: `stop`, `forward`, `reverse`, `pause` and `restart`.
    ///
    #[doc = page!(22, "Actions", "ControlPlayback")]
    ControlPlayback = "ControlPlayback" (
        channel: text = "Channel",
        control: text = "Control"
    ) [Call] -> Plain {
    }
    /// The action `CoreSettings`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "CoreSettings")]
    CoreSettings = "CoreSettings" () [System Reporting] -> Plain {
    }
    /// The action `CoreShowChannelMap`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 22, since 18.19.0 and 20.4.0. The reply is a list of
    /// [`CoreShowChannelMap`](event::CoreShowChannelMap), and
    /// [`CoreShowChannelMapComplete`](event::CoreShowChannelMapComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "CoreShowChannelMap")]
    CoreShowChannelMap = "CoreShowChannelMap" (
        channel: text = "Channel"
    ) [System Reporting] -> Items<event::CoreShowChannelMap> {
    }
    /// The action `CoreShowChannels`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16 and 22, since 1.6.0. The reply is a list of
    /// [`CoreShowChannel`](event::CoreShowChannel), and
    /// [`CoreShowChannelsComplete`](event::CoreShowChannelsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "CoreShowChannels")]
    CoreShowChannels = "CoreShowChannels" () [System Reporting] -> Items<event::CoreShowChannel> {
    }
    /// The action `CoreStatus`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "CoreStatus")]
    CoreStatus = "CoreStatus" () [System Reporting] -> Plain {
    }
    /// The action `CreateConfig`. Needs the write class `config`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "CreateConfig")]
    CreateConfig = "CreateConfig" (filename: text = "Filename") [Config] -> Plain {
    }
    /// The action `DAHDIDNDoff`. Needs no class. Asterisk 16 and 22, since 1.4.22.
    ///
    #[doc = page!(22, "Actions", "DAHDIDNDoff")]
    DAHDIDNDoff = "DAHDIDNDoff" (dahdi_channel: text = "DAHDIChannel") [] -> Plain {
    }
    /// The action `DAHDIDNDon`. Needs no class. Asterisk 16 and 22, since 1.4.22.
    ///
    #[doc = page!(22, "Actions", "DAHDIDNDon")]
    DAHDIDNDon = "DAHDIDNDon" (dahdi_channel: text = "DAHDIChannel") [] -> Plain {
    }
    /// The action `DAHDIDialOffhook`. Needs no class. Asterisk 16 and 22, since 1.4.22.
    ///
    #[doc = page!(22, "Actions", "DAHDIDialOffhook")]
    DAHDIDialOffhook = "DAHDIDialOffhook" (
        dahdi_channel: text = "DAHDIChannel",
        number: text = "Number"
    ) [] -> Plain {
    }
    /// The action `DAHDIHangup`. Needs no class. Asterisk 16 and 22, since 1.4.22.
    ///
    #[doc = page!(22, "Actions", "DAHDIHangup")]
    DAHDIHangup = "DAHDIHangup" (dahdi_channel: text = "DAHDIChannel") [] -> Plain {
    }
    /// The action `DAHDIRestart`. Needs no class. Asterisk 16 and 22, since 1.4.22.
    ///
    #[doc = page!(22, "Actions", "DAHDIRestart")]
    DAHDIRestart = "DAHDIRestart" () [] -> Plain {
    }
    /// The action `DAHDIShowChannels`. Needs no class. Asterisk 16 and 22, since 1.4.22. The reply
    /// is a list of [`DAHDIShowChannels`](event::DAHDIShowChannels), and
    /// [`DAHDIShowChannelsComplete`](event::DAHDIShowChannelsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "DAHDIShowChannels")]
    DAHDIShowChannels = "DAHDIShowChannels" () [] -> Items<event::DAHDIShowChannels> {
        dahdi_channel: text = "DAHDIChannel";
    }
    /// The action `DAHDIShowStatus`. Needs no class. Asterisk 22, since 18.23.0, 20.8.0 and 21.3.0.
    /// The reply is a list of [`DAHDIShowStatus`](event::DAHDIShowStatus), and
    /// [`DAHDIShowStatusComplete`](event::DAHDIShowStatusComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "DAHDIShowStatus")]
    DAHDIShowStatus = "DAHDIShowStatus" () [] -> Items<event::DAHDIShowStatus> {
    }
    /// The action `DAHDITransfer`. Needs no class. Asterisk 16 and 22, since 1.4.22.
    ///
    #[doc = page!(22, "Actions", "DAHDITransfer")]
    DAHDITransfer = "DAHDITransfer" (dahdi_channel: text = "DAHDIChannel") [] -> Plain {
    }
    /// The action `DBDel`. Needs the write class `system`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "DBDel")]
    DBDel = "DBDel" (family: text = "Family", key: text = "Key") [System] -> Plain {
    }
    /// The action `DBDelTree`. Needs the write class `system`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "DBDelTree")]
    DBDelTree = "DBDelTree" (family: text = "Family") [System] -> Plain {
        key: text = "Key";
    }
    /// The action `DBGet`. Needs one of the write classes `system` and `reporting`. Asterisk 16 and
    /// 22, since 1.2.0. The reply is a list of [`DBGetResponse`](event::DBGetResponse), and
    /// [`DBGetComplete`](event::DBGetComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "DBGet")]
    DBGet = "DBGet" (
        family: text = "Family",
        key: text = "Key"
    ) [System Reporting] -> Items<event::DBGetResponse> {
    }
    /// The action `DBGetTree`. Needs one of the write classes `system` and `reporting`. Asterisk 16
    /// and 22, since 16.28.0, 18.14.0 and 19.6.0. The reply is a list of
    /// [`DBGetTreeResponse`](event::DBGetTreeResponse), and
    /// [`DBGetTreeComplete`](event::DBGetTreeComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "DBGetTree")]
    DBGetTree = "DBGetTree" () [System Reporting] -> Items<event::DBGetTreeResponse> {
        family: text = "Family";
        key: text = "Key";
    }
    /// The action `DBPut`. Needs the write class `system`. Asterisk 16 and 22, since 1.2.0.
    ///
    #[doc = page!(22, "Actions", "DBPut")]
    DBPut = "DBPut" (family: text = "Family", key: text = "Key") [System] -> Plain {
        val: text = "Val";
    }
    /// The action `DeviceStateList`. Needs one of the write classes `call` and `reporting`.
    /// Asterisk 16 and 22, since 13.0.0. The reply is a list of
    /// [`DeviceStateChange`](event::DeviceStateChange), and
    /// [`DeviceStateListComplete`](event::DeviceStateListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "DeviceStateList")]
    DeviceStateList = "DeviceStateList" () [Call Reporting] -> Items<event::DeviceStateChange> {
    }
    /// The action `DialplanExtensionAdd`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 13.0.0.
    ///
    #[doc = page!(22, "Actions", "DialplanExtensionAdd")]
    DialplanExtensionAdd = "DialplanExtensionAdd" (
        context: text = "Context",
        extension: text = "Extension",
        priority: text = "Priority",
        application: text = "Application"
    ) [System] -> Plain {
        application_data: text = "ApplicationData";
        replace: flag = "Replace";
    }
    /// The action `DialplanExtensionRemove`. Needs the write class `system`. Asterisk 16 and 22,
    /// since 13.0.0.
    ///
    #[doc = page!(22, "Actions", "DialplanExtensionRemove")]
    DialplanExtensionRemove = "DialplanExtensionRemove" (
        context: text = "Context",
        extension: text = "Extension"
    ) [System] -> Plain {
        priority: text = "Priority";
    }
    /// The action `Events`. Needs no class. Asterisk 16 and 22, since 0.9.0. Documented values of
    /// `EventMask`: `on`, `off` and `system,call,log,...`.
    ///
    #[doc = page!(22, "Actions", "Events")]
    Events = "Events" (event_mask: text = "EventMask") [] -> Plain {
    }
    /// The action `ExtensionState`. Needs one of the write classes `call` and `reporting`. Asterisk
    /// 16 and 22, since 0.4.0.
    ///
    #[doc = page!(22, "Actions", "ExtensionState")]
    ExtensionState = "ExtensionState" (
        exten: text = "Exten",
        context: text = "Context"
    ) [Call Reporting] -> Plain {
    }
    /// The action `ExtensionStateList`. Needs one of the write classes `call` and `reporting`.
    /// Asterisk 16 and 22, since 13.0.0. The reply is a list of
    /// [`ExtensionStatus`](event::ExtensionStatus), and
    /// [`ExtensionStateListComplete`](event::ExtensionStateListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "ExtensionStateList")]
    ExtensionStateList = "ExtensionStateList" () [Call Reporting] -> Items<event::ExtensionStatus> {
    }
    /// The action `FAXSession`. Needs the write class `call`. Asterisk 16 and 22, since 13.0.0. The
    /// reply is one event [`FAXSession`](event::FAXSession).
    ///
    #[doc = page!(22, "Actions", "FAXSession")]
    FAXSession = "FAXSession" (
        session_number: number = "SessionNumber"
    ) [Call] -> Items<event::FAXSession> {
    }
    /// The action `FAXSessions`. Needs the write class `call`. Asterisk 16 and 22, since 13.0.0.
    /// The reply is a list of [`FAXSessionsEntry`](event::FAXSessionsEntry), and
    /// [`FAXSessionsComplete`](event::FAXSessionsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "FAXSessions")]
    FAXSessions = "FAXSessions" () [Call] -> Items<event::FAXSessionsEntry> {
    }
    /// The action `FAXStats`. Needs the write class `reporting`. Asterisk 16 and 22, since 13.0.0.
    /// The reply is one event [`FAXStats`](event::FAXStats).
    ///
    #[doc = page!(22, "Actions", "FAXStats")]
    FAXStats = "FAXStats" () [Reporting] -> Items<event::FAXStats> {
    }
    /// The action `Filter`. Needs the write class `system`. Asterisk 16 and 22, since 10.0.0.
    /// Documented values of `Operation`: `Add`.
    ///
    #[doc = page!(22, "Actions", "Filter")]
    Filter = "Filter" (operation: text = "Operation", filter: text = "Filter") [System] -> Plain {
        /// Documented values: `action(include|exclude)`, `name(<event_name>)`,
        /// `header(<header_name>)` and `<match_method>`. Asterisk 22 only.
        match_criteria: text = "MatchCriteria";
    }
    /// The action `FilterList`. Needs the write class `system`. Asterisk 16. No version registers
    /// the action, although Asterisk 16 documents it.
    ///
    #[doc = page!(16, "Actions", "FilterList")]
    FilterList = "FilterList" () [System] -> Plain {
    }
    /// The action `GetConfig`. Needs one of the write classes `system` and `config`. Asterisk 16
    /// and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "GetConfig")]
    GetConfig = "GetConfig" (filename: text = "Filename") [System Config] -> Plain {
        category: text = "Category";
        filter: text = "Filter";
    }
    /// The action `GetConfigJSON`. Needs one of the write classes `system` and `config`. Asterisk
    /// 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "GetConfigJSON")]
    GetConfigJSON = "GetConfigJSON" (filename: text = "Filename") [System Config] -> Plain {
        category: text = "Category";
        filter: text = "Filter";
    }
    /// The action `Getvar`. Needs one of the write classes `call` and `reporting`. Asterisk 16 and
    /// 22, since 1.0.0. [`Client::variable`](crate::Client::variable) returns the value.
    ///
    #[doc = page!(22, "Actions", "Getvar")]
    Getvar = "Getvar" (variable: text = "Variable") [Call Reporting] -> Plain {
        channel: text = "Channel";
    }
    /// The action `Hangup`. Needs one of the write classes `system` and `call`. Asterisk 16 and 22,
    /// since 0.2.0.
    ///
    #[doc = page!(22, "Actions", "Hangup")]
    Hangup = "Hangup" (channel: text = "Channel") [System Call] -> Plain {
        cause: number = "Cause";
    }
    /// The action `IAXnetstats`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 1.2.0.
    ///
    #[doc = page!(22, "Actions", "IAXnetstats")]
    IAXnetstats = "IAXnetstats" () [System Reporting] -> Whole {
    }
    /// The action `IAXpeerlist`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 1.6.0. The reply is a list of [`PeerEntry`](event::PeerEntry), and
    /// [`PeerlistComplete`](event::PeerlistComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "IAXpeerlist")]
    IAXpeerlist = "IAXpeerlist" () [System Reporting] -> Items<event::PeerEntry> {
    }
    /// The action `IAXpeers`. Needs one of the write classes `system` and `reporting`. Asterisk 16
    /// and 22, since 0.3.0. The reply is a list of [`PeerEntry`](event::PeerEntry), and
    /// [`PeerlistComplete`](event::PeerlistComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "IAXpeers")]
    IAXpeers = "IAXpeers" () [System Reporting] -> Items<event::PeerEntry> {
    }
    /// The action `IAXregistry`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 1.6.2.0. The reply is a list of [`RegistryEntry`](event::RegistryEntry),
    /// and [`RegistrationsComplete`](event::RegistrationsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "IAXregistry")]
    IAXregistry = "IAXregistry" () [System Reporting] -> Items<event::RegistryEntry> {
    }
    /// The action `JabberSend`. Needs the write class `system`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "JabberSend")]
    JabberSend = "JabberSend" (
        jabber: text = "Jabber",
        jid: text = "JID",
        message: text = "Message"
    ) [System] -> Whole {
    }
    /// The action `ListCategories`. Needs the write class `config`. Asterisk 16 and 22, since
    /// 1.6.0.
    ///
    #[doc = page!(22, "Actions", "ListCategories")]
    ListCategories = "ListCategories" (filename: text = "Filename") [Config] -> Plain {
    }
    /// The action `ListCommands`. Needs no class. Asterisk 16 and 22, since 1.0.0.
    ///
    #[doc = page!(22, "Actions", "ListCommands")]
    ListCommands = "ListCommands" () [] -> Plain {
    }
    /// The action `LocalOptimizeAway`. Needs one of the write classes `system` and `call`. Asterisk
    /// 16 and 22, since 1.8.0.
    ///
    #[doc = page!(22, "Actions", "LocalOptimizeAway")]
    LocalOptimizeAway = "LocalOptimizeAway" (channel: text = "Channel") [System Call] -> Plain {
    }
    /// The action `LoggerRotate`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 13.0.0.
    ///
    #[doc = page!(22, "Actions", "LoggerRotate")]
    LoggerRotate = "LoggerRotate" () [System Reporting] -> Plain {
    }
    /// The action `Login`. Needs no class. Asterisk 16 and 22, since 0.2.0. The client sends it
    /// itself when it connects.
    ///
    #[doc = page!(22, "Actions", "Login")]
    Login = "Login" (username: text = "Username") [] -> Plain {
        /// Documented values: `plain` and `MD5`.
        auth_type: text = "AuthType";
        secret: text = "Secret";
        key: text = "Key";
        /// Documented values: `on`, `off` and `system,call,log,...`.
        events: text = "Events";
    }
    /// The action `Logoff`. Needs no class. Asterisk 16 and 22, since 0.2.0.
    ///
    #[doc = page!(22, "Actions", "Logoff")]
    Logoff = "Logoff" () [] -> Plain {
    }
    /// The action `MWIDelete`. Needs the write class `call`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Actions", "MWIDelete")]
    MWIDelete = "MWIDelete" (mailbox: text = "Mailbox") [Call] -> Plain {
    }
    /// The action `MWIGet`. Needs one of the write classes `call` and `reporting`. Asterisk 16 and
    /// 22, since 12.1.0. The reply is a list of [`MWIGet`](event::MWIGet), and
    /// [`MWIGetComplete`](event::MWIGetComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "MWIGet")]
    MWIGet = "MWIGet" (mailbox: text = "Mailbox") [Call Reporting] -> Items<event::MWIGet> {
    }
    /// The action `MWIUpdate`. Needs the write class `call`. Asterisk 16 and 22, since 12.1.0.
    ///
    #[doc = page!(22, "Actions", "MWIUpdate")]
    MWIUpdate = "MWIUpdate" (mailbox: text = "Mailbox") [Call] -> Plain {
        old_messages: number = "OldMessages";
        new_messages: number = "NewMessages";
    }
    /// The action `MailboxCount`. Needs one of the write classes `call` and `reporting`. Asterisk
    /// 16 and 22, since 0.5.0.
    ///
    #[doc = page!(22, "Actions", "MailboxCount")]
    MailboxCount = "MailboxCount" (mailbox: text = "Mailbox") [Call Reporting] -> Plain {
    }
    /// The action `MailboxStatus`. Needs one of the write classes `call` and `reporting`. Asterisk
    /// 16 and 22, since 0.4.0.
    ///
    #[doc = page!(22, "Actions", "MailboxStatus")]
    MailboxStatus = "MailboxStatus" (mailbox: text = "Mailbox") [Call Reporting] -> Plain {
    }
    /// The action `MeetmeList`. Needs the write class `reporting`. Asterisk 16 and 22, since 1.6.0.
    /// The reply is a list of [`MeetmeList`](event::MeetmeList), and
    /// [`MeetmeListComplete`](event::MeetmeListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "MeetmeList")]
    MeetmeList = "MeetmeList" () [Reporting] -> Items<event::MeetmeList> {
        conference: text = "Conference";
    }
    /// The action `MeetmeListRooms`. Needs the write class `reporting`. Asterisk 16 and 22, since
    /// 10.0.0. The reply is a list of [`MeetmeListRooms`](event::MeetmeListRooms), and
    /// [`MeetmeListRoomsComplete`](event::MeetmeListRoomsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "MeetmeListRooms")]
    MeetmeListRooms = "MeetmeListRooms" () [Reporting] -> Items<event::MeetmeListRooms> {
    }
    /// The action `MeetmeMute`. Needs the write class `call`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "MeetmeMute")]
    MeetmeMute = "MeetmeMute" (
        meetme: text = "Meetme",
        usernum: text = "Usernum"
    ) [Call] -> Plain {
    }
    /// The action `MeetmeUnmute`. Needs the write class `call`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "MeetmeUnmute")]
    MeetmeUnmute = "MeetmeUnmute" (
        meetme: text = "Meetme",
        usernum: text = "Usernum"
    ) [Call] -> Plain {
    }
    /// The action `MessageSend`. Needs the write class `message`. Asterisk 16 and 22, since 11.0.0.
    ///
    #[doc = page!(22, "Actions", "MessageSend")]
    MessageSend = "MessageSend" () [Message] -> Plain {
        destination: text = "Destination";
        to: text = "To";
        from: text = "From";
        body: text = "Body";
        base64_body: text = "Base64Body";
        variable: texts = "Variable";
    }
    /// The action `MixMonitor`. Needs the write class `system`. Asterisk 16 and 22, since 11.0.0.
    ///
    #[doc = page!(22, "Actions", "MixMonitor")]
    MixMonitor = "MixMonitor" (channel: text = "Channel") [System] -> Plain {
        file: text = "File";
        options: text = "Options";
        command: text = "Command";
    }
    /// The action `MixMonitorMute`. Needs one of the write classes `system` and `call`. Asterisk 16
    /// and 22, since 1.8.0.
    ///
    #[doc = page!(22, "Actions", "MixMonitorMute")]
    MixMonitorMute = "MixMonitorMute" (
        channel: text = "Channel",
        direction: text = "Direction",
        state: bit = "State"
    ) [System Call] -> Plain {
    }
    /// The action `ModuleCheck`. Needs the write class `system`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "ModuleCheck")]
    ModuleCheck = "ModuleCheck" (module: text = "Module") [System] -> Plain {
    }
    /// The action `ModuleLoad`. Needs the write class `system`. Asterisk 16 and 22, since 1.6.0.
    /// Documented values of `LoadType`: `load`, `unload`, `reload` and `refresh`.
    ///
    #[doc = page!(22, "Actions", "ModuleLoad")]
    ModuleLoad = "ModuleLoad" (load_type: text = "LoadType") [System] -> Whole {
        /// Documented values: `cdr`, `dnsmgr`, `extconfig`, `enum`, `acl`, `manager`, `http`,
        /// `logger`, `features`, `dsp`, `udptl`, `indications`, `cel` and `plc`.
        module: text = "Module";
        /// Asterisk 22 only.
        recursive: flag = "Recursive";
    }
    /// The action `Monitor`. Needs the write class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "Monitor")]
    Monitor = "Monitor" (channel: text = "Channel") [Call] -> Plain {
        file: text = "File";
        format: text = "Format";
        mix: flag = "Mix";
    }
    /// The action `MuteAudio`. Needs the write class `system`. Asterisk 16 and 22, since 1.8.0.
    /// Documented values of `Direction`: `in`, `out` and `all`. Documented values of `State`: `on`
    /// and `off`.
    ///
    #[doc = page!(22, "Actions", "MuteAudio")]
    MuteAudio = "MuteAudio" (
        channel: text = "Channel",
        direction: text = "Direction",
        state: text = "State"
    ) [System] -> Plain {
    }
    /// The action `Originate`. Needs the write class `originate`. Asterisk 16 and 22, since 0.2.0.
    /// [`ami::Originate`](crate::Originate) also waits for the outcome of the call.
    ///
    #[doc = page!(22, "Actions", "Originate")]
    Originate = "Originate" (channel: text = "Channel") [Originate] -> Plain {
        exten: text = "Exten";
        context: text = "Context";
        priority: text = "Priority";
        application: text = "Application";
        data: text = "Data";
        /// Default: `30000`.
        timeout: millis = "Timeout";
        caller_id: text = "CallerID";
        variable: texts = "Variable";
        account: text = "Account";
        early_media: flag = "EarlyMedia";
        async_: flag = "Async";
        codecs: text = "Codecs";
        channel_id: text = "ChannelId";
        other_channel_id: text = "OtherChannelId";
        /// Asterisk 22 only.
        pre_dial_go_sub: text = "PreDialGoSub";
    }
    /// The action `PJSIPHangup`. Needs one of the write classes `system` and `call`. Asterisk 22,
    /// since 18.21.0, 20.6.0 and 21.1.0. Documented values of `Cause`: `Response code` and
    /// `Response code name`.
    ///
    #[doc = page!(22, "Actions", "PJSIPHangup")]
    PJSIPHangup = "PJSIPHangup" (
        channel: text = "Channel",
        cause: text = "Cause"
    ) [System Call] -> Plain {
    }
    /// The action `PJSIPNotify`. Needs the write class `system`. Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "PJSIPNotify")]
    PJSIPNotify = "PJSIPNotify" () [System] -> Plain {
        endpoint: text = "Endpoint";
        uri: text = "URI";
        channel: text = "channel";
        /// Asterisk 22 only.
        option: text = "Option";
        variable: texts = "Variable";
    }
    /// The action `PJSIPQualify`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "PJSIPQualify")]
    PJSIPQualify = "PJSIPQualify" (endpoint: text = "Endpoint") [System Reporting] -> Plain {
    }
    /// The action `PJSIPRegister`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16 and 22, since 13.2.0.
    ///
    #[doc = page!(22, "Actions", "PJSIPRegister")]
    PJSIPRegister = "PJSIPRegister" (
        registration: text = "Registration"
    ) [System Reporting] -> Plain {
    }
    /// The action `PJSIPSetMaintenance`. Needs the write class `system`. Asterisk 22, since
    /// 20.20.0, 22.10.0 and 23.4.0. Documented values of `State`: `on` and `off`.
    ///
    #[doc = page!(22, "Actions", "PJSIPSetMaintenance")]
    PJSIPSetMaintenance = "PJSIPSetMaintenance" (
        endpoint: text = "Endpoint",
        state: text = "State"
    ) [System] -> Plain {
    }
    /// The action `PJSIPShowAors`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 16.0.0. The reply is a list of [`AorList`](event::AorList), and
    /// [`AorListComplete`](event::AorListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowAors")]
    PJSIPShowAors = "PJSIPShowAors" () [System] -> Items<event::AorList> {
    }
    /// The action `PJSIPShowAuths`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 16.0.0. The reply is a list of [`AuthList`](event::AuthList), and
    /// [`AuthListComplete`](event::AuthListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowAuths")]
    PJSIPShowAuths = "PJSIPShowAuths" () [System] -> Items<event::AuthList> {
    }
    /// The action `PJSIPShowContacts`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 16.0.0. The reply is a list of [`ContactList`](event::ContactList), and
    /// [`ContactListComplete`](event::ContactListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowContacts")]
    PJSIPShowContacts = "PJSIPShowContacts" () [System] -> Items<event::ContactList> {
    }
    /// The action `PJSIPShowEndpoint`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 12.0.0. The reply is a list of [`EndpointDetail`](event::EndpointDetail),
    /// [`IdentifyDetail`](event::IdentifyDetail),
    /// [`ContactStatusDetail`](event::ContactStatusDetail), [`AuthDetail`](event::AuthDetail),
    /// [`TransportDetail`](event::TransportDetail), [`AorDetail`](event::AorDetail), and
    /// [`EndpointDetailComplete`](event::EndpointDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowEndpoint")]
    PJSIPShowEndpoint = "PJSIPShowEndpoint" (
        endpoint: text = "Endpoint"
    ) [System] -> Items<event::Typed> {
    }
    /// The action `PJSIPShowEndpoints`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 12.0.0. The reply is a list of [`EndpointList`](event::EndpointList), and
    /// [`EndpointListComplete`](event::EndpointListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowEndpoints")]
    PJSIPShowEndpoints = "PJSIPShowEndpoints" () [System] -> Items<event::EndpointList> {
    }
    /// The action `PJSIPShowMaintenance`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 22, since 20.20.0, 22.10.0 and 23.4.0. The reply is a list of
    /// [`PJSIPMaintenanceStatus`](event::PJSIPMaintenanceStatus), and
    /// [`PJSIPMaintenanceStatusComplete`](event::PJSIPMaintenanceStatusComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowMaintenance")]
    PJSIPShowMaintenance = "PJSIPShowMaintenance" () [System Reporting] -> Items<event::PJSIPMaintenanceStatus> {
        endpoint: text = "Endpoint";
    }
    /// The action `PJSIPShowRegistrationInboundContactStatuses`. Needs the write class `system`.
    /// Asterisk 16 and 22, since 13.14.0 and 14.3.0. The reply is a list of
    /// [`ContactStatusDetail`](event::ContactStatusDetail), and
    /// [`ContactStatusDetailComplete`](event::ContactStatusDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowRegistrationInboundContactStatuses")]
    PJSIPShowRegistrationInboundContactStatuses = "PJSIPShowRegistrationInboundContactStatuses" () [System] -> Items<event::ContactStatusDetail> {
    }
    /// The action `PJSIPShowRegistrationsInbound`. Needs the write class `system`. Asterisk 16 and
    /// 22, since 12.0.0. The reply is a list of
    /// [`InboundRegistrationDetail`](event::InboundRegistrationDetail),
    /// [`AuthDetail`](event::AuthDetail), and
    /// [`InboundRegistrationDetailComplete`](event::InboundRegistrationDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowRegistrationsInbound")]
    PJSIPShowRegistrationsInbound = "PJSIPShowRegistrationsInbound" () [System] -> Items<event::Typed> {
    }
    /// The action `PJSIPShowRegistrationsOutbound`. Needs one of the write classes `system` and
    /// `reporting`. Asterisk 16 and 22, since 12.0.0. The reply is a list of
    /// [`OutboundRegistrationDetail`](event::OutboundRegistrationDetail),
    /// [`AuthDetail`](event::AuthDetail), and
    /// [`OutboundRegistrationDetailComplete`](event::OutboundRegistrationDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowRegistrationsOutbound")]
    PJSIPShowRegistrationsOutbound = "PJSIPShowRegistrationsOutbound" () [System Reporting] -> Items<event::Typed> {
    }
    /// The action `PJSIPShowResourceLists`. Needs the write class `system`. Asterisk 16 and 22,
    /// since 13.0.0. The reply is a list of [`ResourceListDetail`](event::ResourceListDetail), and
    /// [`ResourceListDetailComplete`](event::ResourceListDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowResourceLists")]
    PJSIPShowResourceLists = "PJSIPShowResourceLists" () [System] -> Items<event::ResourceListDetail> {
    }
    /// The action `PJSIPShowSubscriptionsInbound`. Needs the write class `system`. Asterisk 16 and
    /// 22, since 12.0.0. The reply is a list of
    /// [`InboundSubscriptionDetail`](event::InboundSubscriptionDetail), and
    /// [`InboundSubscriptionDetailComplete`](event::InboundSubscriptionDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowSubscriptionsInbound")]
    PJSIPShowSubscriptionsInbound = "PJSIPShowSubscriptionsInbound" () [System] -> Items<event::InboundSubscriptionDetail> {
    }
    /// The action `PJSIPShowSubscriptionsOutbound`. Needs the write class `system`. Asterisk 16 and
    /// 22, since 12.0.0. The reply is a list of
    /// [`OutboundSubscriptionDetail`](event::OutboundSubscriptionDetail), and
    /// [`OutboundSubscriptionDetailComplete`](event::OutboundSubscriptionDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PJSIPShowSubscriptionsOutbound")]
    PJSIPShowSubscriptionsOutbound = "PJSIPShowSubscriptionsOutbound" () [System] -> Items<event::OutboundSubscriptionDetail> {
    }
    /// The action `PJSIPUnregister`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16 and 22, since 12.0.0.
    ///
    #[doc = page!(22, "Actions", "PJSIPUnregister")]
    PJSIPUnregister = "PJSIPUnregister" (
        registration: text = "Registration"
    ) [System Reporting] -> Plain {
    }
    /// The action `PRIDebugFileSet`. Needs the write class `system`. Asterisk 16 and 22, since
    /// 13.0.0.
    ///
    #[doc = page!(22, "Actions", "PRIDebugFileSet")]
    PRIDebugFileSet = "PRIDebugFileSet" (file: text = "File") [System] -> Plain {
    }
    /// The action `PRIDebugFileUnset`. Needs no class. Asterisk 16 and 22, since 13.0.0.
    ///
    #[doc = page!(22, "Actions", "PRIDebugFileUnset")]
    PRIDebugFileUnset = "PRIDebugFileUnset" () [] -> Plain {
    }
    /// The action `PRIDebugSet`. Needs no class. Asterisk 16 and 22, since 13.0.0. Documented
    /// values of `Level`: `off`, `on`, `hex` and `intense`.
    ///
    #[doc = page!(22, "Actions", "PRIDebugSet")]
    PRIDebugSet = "PRIDebugSet" (span: text = "Span", level: text = "Level") [] -> Whole {
    }
    /// The action `PRIShowSpans`. Needs no class. Asterisk 16 and 22, since 10.0.0. The reply is a
    /// list of [`PRIShowSpans`](event::PRIShowSpans), and
    /// [`PRIShowSpansComplete`](event::PRIShowSpansComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PRIShowSpans")]
    PRIShowSpans = "PRIShowSpans" () [] -> Items<event::PRIShowSpans> {
        span: text = "Span";
    }
    /// The action `Park`. Needs the write class `call`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "Park")]
    Park = "Park" (channel: text = "Channel") [Call] -> Plain {
        timeout_channel: text = "TimeoutChannel";
        announce_channel: text = "AnnounceChannel";
        timeout: millis = "Timeout";
        parkinglot: text = "Parkinglot";
        /// Asterisk 22 only.
        parking_space: text = "ParkingSpace";
    }
    /// The action `ParkedCalls`. Needs the write class `call`. Asterisk 16 and 22, since 0.7.2. The
    /// reply is a list of [`ParkedCall`](event::ParkedCall), and
    /// [`ParkedCallsComplete`](event::ParkedCallsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "ParkedCalls")]
    ParkedCalls = "ParkedCalls" () [Call] -> Items<event::ParkedCall> {
        parking_lot: text = "ParkingLot";
    }
    /// The action `Parkinglots`. Needs the write class `call`. Asterisk 16 and 22, since 11.0.0.
    /// The reply is a list of [`Parkinglot`](event::Parkinglot), and
    /// [`ParkinglotsComplete`](event::ParkinglotsComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "Parkinglots")]
    Parkinglots = "Parkinglots" () [Call] -> Items<event::Parkinglot> {
    }
    /// The action `PauseMonitor`. Needs the write class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "PauseMonitor")]
    PauseMonitor = "PauseMonitor" (channel: text = "Channel") [Call] -> Plain {
    }
    /// The action `Ping`. Needs no class. Asterisk 16 and 22, since 0.2.0.
    ///
    #[doc = page!(22, "Actions", "Ping")]
    Ping = "Ping" () [] -> Plain {
    }
    /// The action `PlayDTMF`. Needs the write class `call`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "PlayDTMF")]
    PlayDTMF = "PlayDTMF" (channel: text = "Channel", digit: text = "Digit") [Call] -> Plain {
        duration: millis = "Duration";
        receive: flag = "Receive";
    }
    /// The action `PlayMF`. Needs the write class `call`. Asterisk 16 and 22, since 16.21.0, 18.7.0
    /// and 19.0.0.
    ///
    #[doc = page!(22, "Actions", "PlayMF")]
    PlayMF = "PlayMF" (channel: text = "Channel", digit: text = "Digit") [Call] -> Plain {
        duration: millis = "Duration";
    }
    /// The action `PresenceState`. Needs one of the write classes `call` and `reporting`. Asterisk
    /// 16 and 22, since 11.0.0.
    ///
    #[doc = page!(22, "Actions", "PresenceState")]
    PresenceState = "PresenceState" (provider: text = "Provider") [Call Reporting] -> Plain {
    }
    /// The action `PresenceStateList`. Needs one of the write classes `call` and `reporting`.
    /// Asterisk 16 and 22, since 13.0.0. The reply is a list of
    /// [`PresenceStateChange`](event::PresenceStateChange), and
    /// [`PresenceStateListComplete`](event::PresenceStateListComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "PresenceStateList")]
    PresenceStateList = "PresenceStateList" () [Call Reporting] -> Items<event::PresenceStateChange> {
    }
    /// The action `QueueAdd`. Needs the write class `agent`. Asterisk 16 and 22, since 1.0.0.
    ///
    #[doc = page!(22, "Actions", "QueueAdd")]
    QueueAdd = "QueueAdd" (queue: text = "Queue", interface: text = "Interface") [Agent] -> Plain {
        penalty: number = "Penalty";
        paused: flag = "Paused";
        /// Asterisk 22 only.
        reason: text = "Reason";
        member_name: text = "MemberName";
        state_interface: text = "StateInterface";
    }
    /// The action `QueueChangePriorityCaller`. Needs no class. Asterisk 16 and 22, since 15.0.0.
    ///
    #[doc = page!(22, "Actions", "QueueChangePriorityCaller")]
    QueueChangePriorityCaller = "QueueChangePriorityCaller" (
        queue: text = "Queue",
        caller: text = "Caller",
        priority: number = "Priority"
    ) [] -> Plain {
        /// Asterisk 22 only.
        immediate: flag = "Immediate";
    }
    /// The action `QueueLog`. Needs the write class `agent`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "QueueLog")]
    QueueLog = "QueueLog" (queue: text = "Queue", event: text = "Event") [Agent] -> Plain {
        unique_id: text = "Uniqueid";
        interface: text = "Interface";
        message: text = "Message";
    }
    /// The action `QueueMemberRingInUse`. Needs the write class `agent`. Asterisk 16 and 22, since
    /// 11.0.0.
    ///
    #[doc = page!(22, "Actions", "QueueMemberRingInUse")]
    QueueMemberRingInUse = "QueueMemberRingInUse" (
        interface: text = "Interface",
        ring_in_use: flag = "RingInUse"
    ) [Agent] -> Plain {
        queue: text = "Queue";
    }
    /// The action `QueuePause`. Needs the write class `agent`. Asterisk 16 and 22, since 1.2.0.
    ///
    #[doc = page!(22, "Actions", "QueuePause")]
    QueuePause = "QueuePause" (
        interface: text = "Interface",
        paused: flag = "Paused"
    ) [Agent] -> Plain {
        queue: text = "Queue";
        reason: text = "Reason";
    }
    /// The action `QueuePenalty`. Needs the write class `agent`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "QueuePenalty")]
    QueuePenalty = "QueuePenalty" (
        interface: text = "Interface",
        penalty: number = "Penalty"
    ) [Agent] -> Plain {
        queue: text = "Queue";
    }
    /// The action `QueueReload`. Needs no class. Asterisk 16 and 22, since 1.6.2.0.
    ///
    #[doc = page!(22, "Actions", "QueueReload")]
    QueueReload = "QueueReload" () [] -> Plain {
        queue: text = "Queue";
        /// Documented values: `yes` and `no`.
        members: yes = "Members";
        /// Documented values: `yes` and `no`.
        rules: yes = "Rules";
        /// Documented values: `yes` and `no`.
        parameters: yes = "Parameters";
    }
    /// The action `QueueRemove`. Needs the write class `agent`. Asterisk 16 and 22, since 1.0.0.
    ///
    #[doc = page!(22, "Actions", "QueueRemove")]
    QueueRemove = "QueueRemove" (
        queue: text = "Queue",
        interface: text = "Interface"
    ) [Agent] -> Plain {
    }
    /// The action `QueueReset`. Needs no class. Asterisk 16 and 22, since 1.6.2.0.
    ///
    #[doc = page!(22, "Actions", "QueueReset")]
    QueueReset = "QueueReset" () [] -> Plain {
        queue: text = "Queue";
    }
    /// The action `QueueRule`. Needs no class. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "QueueRule")]
    QueueRule = "QueueRule" () [] -> Plain {
        rule: text = "Rule";
    }
    /// The action `QueueStatus`. Needs no class. Asterisk 16 and 22, since 0.5.0. The reply is a
    /// list of [`QueueParams`](event::QueueParams), [`QueueMember`](event::QueueMember),
    /// [`QueueEntry`](event::QueueEntry), and [`QueueStatusComplete`](event::QueueStatusComplete)
    /// ends it.
    ///
    #[doc = page!(22, "Actions", "QueueStatus")]
    QueueStatus = "QueueStatus" () [] -> Items<event::Typed> {
        queue: text = "Queue";
        member: text = "Member";
    }
    /// The action `QueueSummary`. Needs no class. Asterisk 16 and 22, since 1.6.0. The reply is a
    /// list of [`QueueSummary`](event::QueueSummary), and
    /// [`QueueSummaryComplete`](event::QueueSummaryComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "QueueSummary")]
    QueueSummary = "QueueSummary" () [] -> Items<event::QueueSummary> {
        queue: text = "Queue";
    }
    /// The action `QueueWithdrawCaller`. Needs no class. Asterisk 16 and 22, since 16.25.0, 18.11.0
    /// and 19.3.0.
    ///
    #[doc = page!(22, "Actions", "QueueWithdrawCaller")]
    QueueWithdrawCaller = "QueueWithdrawCaller" (
        queue: text = "Queue",
        caller: text = "Caller"
    ) [] -> Plain {
        withdraw_info: text = "WithdrawInfo";
    }
    /// The action `Redirect`. Needs the write class `call`. Asterisk 16 and 22, since 0.2.0.
    ///
    #[doc = page!(22, "Actions", "Redirect")]
    Redirect = "Redirect" (
        channel: text = "Channel",
        exten: text = "Exten",
        context: text = "Context",
        priority: text = "Priority"
    ) [Call] -> Plain {
        extra_channel: text = "ExtraChannel";
        extra_exten: text = "ExtraExten";
        extra_context: text = "ExtraContext";
        extra_priority: text = "ExtraPriority";
    }
    /// The action `Reload`. Needs one of the write classes `system` and `config`. Asterisk 16 and
    /// 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "Reload")]
    Reload = "Reload" () [System Config] -> Plain {
        module: text = "Module";
    }
    /// The action `SIPnotify`. Needs the write class `system`. Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "SIPnotify")]
    SIPnotify = "SIPnotify" (
        channel: text = "Channel",
        variable: texts = "Variable"
    ) [System] -> Plain {
        call_id: text = "Call-ID";
    }
    /// The action `SIPpeers`. Needs one of the write classes `system` and `reporting`. Asterisk 16.
    /// The reply is a list of [`PeerEntry`](event::PeerEntry), and
    /// [`PeerlistComplete`](event::PeerlistComplete) ends it.
    ///
    #[doc = page!(16, "Actions", "SIPpeers")]
    SIPpeers = "SIPpeers" () [System Reporting] -> Items<event::PeerEntry> {
    }
    /// The action `SIPpeerstatus`. Needs the write class `system`. Asterisk 16. The reply is a list
    /// of [`PeerStatus`](event::PeerStatus), and
    /// [`SIPpeerstatusComplete`](event::SIPpeerstatusComplete) ends it.
    ///
    #[doc = page!(16, "Actions", "SIPpeerstatus")]
    SIPpeerstatus = "SIPpeerstatus" () [System] -> Items<event::PeerStatus> {
        peer: text = "Peer";
    }
    /// The action `SIPqualifypeer`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "SIPqualifypeer")]
    SIPqualifypeer = "SIPqualifypeer" (peer: text = "Peer") [System Reporting] -> Plain {
    }
    /// The action `SIPshowpeer`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16.
    ///
    #[doc = page!(16, "Actions", "SIPshowpeer")]
    SIPshowpeer = "SIPshowpeer" (peer: text = "Peer") [System Reporting] -> Plain {
    }
    /// The action `SIPshowregistry`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16. The reply is a list of [`RegistryEntry`](event::RegistryEntry), and
    /// [`RegistrationsComplete`](event::RegistrationsComplete) ends it.
    ///
    #[doc = page!(16, "Actions", "SIPshowregistry")]
    SIPshowregistry = "SIPshowregistry" () [System Reporting] -> Items<event::RegistryEntry> {
    }
    /// The action `SKINNYdevices`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16. The reply is a list of [`DeviceEntry`](event::DeviceEntry), and
    /// [`DevicelistComplete`](event::DevicelistComplete) ends it.
    ///
    #[doc = page!(16, "Actions", "SKINNYdevices")]
    SKINNYdevices = "SKINNYdevices" () [System Reporting] -> Items<event::DeviceEntry> {
    }
    /// The action `SKINNYlines`. Needs one of the write classes `system` and `reporting`. Asterisk
    /// 16. The reply is a list of [`LineEntry`](event::LineEntry), and
    /// [`LinelistComplete`](event::LinelistComplete) ends it.
    ///
    #[doc = page!(16, "Actions", "SKINNYlines")]
    SKINNYlines = "SKINNYlines" () [System Reporting] -> Items<event::LineEntry> {
    }
    /// The action `SKINNYshowdevice`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "SKINNYshowdevice")]
    SKINNYshowdevice = "SKINNYshowdevice" (device: text = "Device") [System Reporting] -> Whole {
    }
    /// The action `SKINNYshowline`. Needs one of the write classes `system` and `reporting`.
    /// Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "SKINNYshowline")]
    SKINNYshowline = "SKINNYshowline" (line: text = "Line") [System Reporting] -> Whole {
    }
    /// The action `SendFlash`. Needs the write class `call`. Asterisk 22, since 18.18.0 and 20.3.0.
    ///
    #[doc = page!(22, "Actions", "SendFlash")]
    SendFlash = "SendFlash" (channel: text = "Channel") [Call] -> Plain {
        receive: flag = "Receive";
    }
    /// The action `SendText`. Needs the write class `call`. Asterisk 16 and 22, since 1.6.0.
    ///
    #[doc = page!(22, "Actions", "SendText")]
    SendText = "SendText" (channel: text = "Channel", message: text = "Message") [Call] -> Plain {
        content_type: text = "Content-Type";
    }
    /// The action `Setvar`. Needs the write class `call`. Asterisk 16 and 22, since 1.0.0.
    /// [`Client::set_variable`](crate::Client::set_variable) is the short form.
    ///
    #[doc = page!(22, "Actions", "Setvar")]
    Setvar = "Setvar" (variable: text = "Variable", value: text = "Value") [Call] -> Plain {
        channel: text = "Channel";
    }
    /// The action `ShowDialPlan`. Needs one of the write classes `config` and `reporting`. Asterisk
    /// 16 and 22, since 1.6.0. The reply is a list of [`ListDialplan`](event::ListDialplan), and
    /// [`ShowDialPlanComplete`](event::ShowDialPlanComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "ShowDialPlan")]
    ShowDialPlan = "ShowDialPlan" () [Config Reporting] -> Items<event::ListDialplan> {
        extension: text = "Extension";
        context: text = "Context";
    }
    /// The action `SorceryMemoryCacheExpire`. Needs the write class `system`. Asterisk 16 and 22,
    /// since 13.5.0.
    ///
    #[doc = page!(22, "Actions", "SorceryMemoryCacheExpire")]
    SorceryMemoryCacheExpire = "SorceryMemoryCacheExpire" (
        cache: text = "Cache"
    ) [System] -> Plain {
    }
    /// The action `SorceryMemoryCacheExpireObject`. Needs the write class `system`. Asterisk 16 and
    /// 22, since 13.5.0.
    ///
    #[doc = page!(22, "Actions", "SorceryMemoryCacheExpireObject")]
    SorceryMemoryCacheExpireObject = "SorceryMemoryCacheExpireObject" (
        cache: text = "Cache",
        object: text = "Object"
    ) [System] -> Plain {
    }
    /// The action `SorceryMemoryCachePopulate`. Needs the write class `system`. Asterisk 16 and 22,
    /// since 13.7.0.
    ///
    #[doc = page!(22, "Actions", "SorceryMemoryCachePopulate")]
    SorceryMemoryCachePopulate = "SorceryMemoryCachePopulate" (
        cache: text = "Cache"
    ) [System] -> Plain {
    }
    /// The action `SorceryMemoryCacheStale`. Needs the write class `system`. Asterisk 16 and 22,
    /// since 13.5.0.
    ///
    #[doc = page!(22, "Actions", "SorceryMemoryCacheStale")]
    SorceryMemoryCacheStale = "SorceryMemoryCacheStale" (cache: text = "Cache") [System] -> Plain {
    }
    /// The action `SorceryMemoryCacheStaleObject`. Needs the write class `system`. Asterisk 16 and
    /// 22, since 13.5.0.
    ///
    #[doc = page!(22, "Actions", "SorceryMemoryCacheStaleObject")]
    SorceryMemoryCacheStaleObject = "SorceryMemoryCacheStaleObject" (
        cache: text = "Cache",
        object: text = "Object"
    ) [System] -> Plain {
        reload: flag = "Reload";
    }
    /// The action `Status`. Needs one of the write classes `system`, `call` and `reporting`.
    /// Asterisk 16 and 22, since 0.2.0. The reply is a list of [`Status`](event::Status), and
    /// [`StatusComplete`](event::StatusComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "Status")]
    Status = "Status" () [System Call Reporting] -> Items<event::Status> {
        channel: text = "Channel";
        variables: text = "Variables";
        /// Documented values: `true` and `false`.
        all_variables: flag = "AllVariables";
    }
    /// The action `StopMixMonitor`. Needs one of the write classes `system` and `call`. Asterisk 16
    /// and 22, since 11.0.0.
    ///
    #[doc = page!(22, "Actions", "StopMixMonitor")]
    StopMixMonitor = "StopMixMonitor" (channel: text = "Channel") [System Call] -> Plain {
        mix_monitor_id: text = "MixMonitorID";
    }
    /// The action `StopMonitor`. Needs the write class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "StopMonitor")]
    StopMonitor = "StopMonitor" (channel: text = "Channel") [Call] -> Plain {
    }
    /// The action `UnpauseMonitor`. Needs the write class `call`. Asterisk 16.
    ///
    #[doc = page!(16, "Actions", "UnpauseMonitor")]
    UnpauseMonitor = "UnpauseMonitor" (channel: text = "Channel") [Call] -> Plain {
    }
    /// The action `UpdateConfig`. Needs the write class `config`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "UpdateConfig")]
    UpdateConfig = "UpdateConfig" (
        src_filename: text = "SrcFilename",
        dst_filename: text = "DstFilename"
    ) [Config] -> Plain {
        reload: text = "Reload";
        preserve_effective_context: flag = "PreserveEffectiveContext";
    }
    /// The action `UserEvent`. Needs the write class `user`. Asterisk 16 and 22, since 1.4.0.
    ///
    #[doc = page!(22, "Actions", "UserEvent")]
    UserEvent = "UserEvent" (user_event: text = "UserEvent") [User] -> Plain {
    }
    /// The action `VoicemailBoxSummary`. Needs one of the write classes `call` and `reporting`.
    /// Asterisk 22, since 18.20.0 and 20.5.0. The reply is a list of
    /// [`VoicemailBoxDetail`](event::VoicemailBoxDetail), and
    /// [`VoicemailBoxDetailComplete`](event::VoicemailBoxDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "VoicemailBoxSummary")]
    VoicemailBoxSummary = "VoicemailBoxSummary" (
        context: text = "Context",
        mailbox: text = "Mailbox"
    ) [Call Reporting] -> Items<event::VoicemailBoxDetail> {
    }
    /// The action `VoicemailForward`. Needs the write class `user`. Asterisk 22, since 18.20.0 and
    /// 20.5.0.
    ///
    #[doc = page!(22, "Actions", "VoicemailForward")]
    VoicemailForward = "VoicemailForward" (
        context: text = "Context",
        mailbox: text = "Mailbox",
        folder: text = "Folder",
        id: text = "ID",
        to_context: text = "ToContext",
        to_mailbox: text = "ToMailbox",
        to_folder: text = "ToFolder"
    ) [User] -> Plain {
    }
    /// The action `VoicemailMove`. Needs the write class `user`. Asterisk 22, since 18.20.0 and
    /// 20.5.0.
    ///
    #[doc = page!(22, "Actions", "VoicemailMove")]
    VoicemailMove = "VoicemailMove" (
        context: text = "Context",
        mailbox: text = "Mailbox",
        folder: text = "Folder",
        id: text = "ID",
        to_folder: text = "ToFolder"
    ) [User] -> Plain {
    }
    /// The action `VoicemailRefresh`. Needs the write class `user`. Asterisk 16 and 22, since
    /// 12.0.0.
    ///
    #[doc = page!(22, "Actions", "VoicemailRefresh")]
    VoicemailRefresh = "VoicemailRefresh" () [User] -> Plain {
        context: text = "Context";
        mailbox: text = "Mailbox";
    }
    /// The action `VoicemailRemove`. Needs the write class `user`. Asterisk 22, since 18.20.0 and
    /// 20.5.0.
    ///
    #[doc = page!(22, "Actions", "VoicemailRemove")]
    VoicemailRemove = "VoicemailRemove" (
        context: text = "Context",
        mailbox: text = "Mailbox",
        folder: text = "Folder",
        id: text = "ID"
    ) [User] -> Plain {
    }
    /// The action `VoicemailUserStatus`. Needs one of the write classes `call` and `reporting`.
    /// Asterisk 16 and 22, since 16.0.0. The reply is a list of
    /// [`VoicemailUserDetail`](event::VoicemailUserDetail), and
    /// [`VoicemailUserDetailComplete`](event::VoicemailUserDetailComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "VoicemailUserStatus")]
    VoicemailUserStatus = "VoicemailUserStatus" (
        context: text = "Context",
        mailbox: text = "Mailbox"
    ) [Call Reporting] -> Items<event::VoicemailUserDetail> {
    }
    /// The action `VoicemailUsersList`. Needs one of the write classes `call` and `reporting`.
    /// Asterisk 16 and 22, since 1.6.0. The reply is a list of
    /// [`VoicemailUserEntry`](event::VoicemailUserEntry), and
    /// [`VoicemailUserEntryComplete`](event::VoicemailUserEntryComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "VoicemailUsersList")]
    VoicemailUsersList = "VoicemailUsersList" () [Call Reporting] -> Items<event::VoicemailUserEntry> {
    }
    /// The action `WaitEvent`. Needs no class. Asterisk 16 and 22, since 1.4.0. The reply is a list
    /// of events of any kind, and [`WaitEventComplete`](event::WaitEventComplete) ends it.
    ///
    #[doc = page!(22, "Actions", "WaitEvent")]
    WaitEvent = "WaitEvent" (timeout: seconds = "Timeout") [] -> Items<event::Typed> {
    }
}
