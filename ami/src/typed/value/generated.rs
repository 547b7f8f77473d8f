//! The enumerations. Written by `ami/codegen`; do not edit.

use std::borrow::Cow;
use std::fmt;

use super::macros::open;

open! {
    /// The values of the field `Reason` of `AgentComplete`.
    AgentCompleteReason {
        Caller = "caller",
        Agent = "agent",
        Transfer = "transfer",
    }
    /// The values of the field `Status` of `Agents`.
    AgentStatus {
        AgentLoggedoff = "AGENT_LOGGEDOFF",
        AgentIdle = "AGENT_IDLE",
        AgentOncall = "AGENT_ONCALL",
    }
    /// The values of the fields `Status` of `DNDState` and `Status` of `PJSIPMaintenanceStatus`.
    AlarmState {
        Enabled = "enabled",
        Disabled = "disabled",
    }
    /// The values of the field `AMAFlags`.
    AmaFlags {
        Omit = "OMIT",
        Billing = "BILLING",
        Documentation = "DOCUMENTATION",
    }
    /// The values of the field `Charge/BillingID`.
    AocBillingId {
        Normal = "Normal",
        Reverse = "Reverse",
        CreditCard = "CreditCard",
        CallForwardingUnconditional = "CallForwardingUnconditional",
        CallForwardingBusy = "CallForwardingBusy",
        CallForwardingNoReply = "CallForwardingNoReply",
        CallDeflection = "CallDeflection",
        CallTransfer = "CallTransfer",
        NotAvailable = "NotAvailable",
    }
    /// The values of the field `Charge/Type`.
    AocChargeType {
        NotAvailable = "NotAvailable",
        Free = "Free",
        Currency = "Currency",
        Units = "Units",
    }
    /// The values of the field `Charge/Currency/Multiplier`.
    AocMultiplier {
        OneThousandth = "1/1000",
        OneHundredth = "1/100",
        OneTenth = "1/10",
        One = "1",
        Ten = "10",
        Hundred = "100",
        Thousand = "1000",
    }
    /// The values of the field `Charge/TotalType`.
    AocTotalType {
        SubTotal = "SubTotal",
        Total = "Total",
    }
    /// The values of the field `DestType`.
    AttendedTransferType {
        Bridge = "Bridge",
        App = "App",
        Link = "Link",
        Threeway = "Threeway",
        Fail = "Fail",
    }
    /// The values of the field `Disposition`.
    CdrDisposition {
        NoAnswer = "NO ANSWER",
        Failed = "FAILED",
        Busy = "BUSY",
        Answered = "ANSWERED",
        Congestion = "CONGESTION",
    }
    /// The values of the field `EventName`.
    CelEventName {
        BlindTransfer = "BLINDTRANSFER",
        AttendedTransfer = "ATTENDEDTRANSFER",
        LinkedIdEnd = "LINKEDID_END",
        ChanStart = "CHAN_START",
        ChanEnd = "CHAN_END",
        Answer = "ANSWER",
        Hangup = "HANGUP",
        BridgeEnter = "BRIDGE_ENTER",
        BridgeExit = "BRIDGE_EXIT",
        AppStart = "APP_START",
        AppEnd = "APP_END",
        ParkStart = "PARK_START",
        ParkEnd = "PARK_END",
        Pickup = "PICKUP",
        Forward = "FORWARD",
        LocalOptimizeBegin = "LOCAL_OPTIMIZE_BEGIN",
        LocalOptimize = "LOCAL_OPTIMIZE",
        StreamBegin = "STREAM_BEGIN",
        StreamEnd = "STREAM_END",
        Dtmf = "DTMF",
        UserDefined = "USER_DEFINED",
    }
    /// The values of the fields `ContactStatus` of `ContactStatus`, `Status` of `ContactList` and
    /// `Status` of `ContactStatusDetail`.
    ContactState {
        Reachable = "Reachable",
        Unreachable = "Unreachable",
        NonQualified = "NonQualified",
        Unknown = "Unknown",
        Unqualified = "Unqualified",
        Removed = "Removed",
        Updated = "Updated",
    }
    /// The values of the field `DialStatus`.
    DialStatus {
        ChanUnavail = "CHANUNAVAIL",
        NoAnswer = "NOANSWER",
        Abort = "ABORT",
        Answer = "ANSWER",
        Busy = "BUSY",
        Cancel = "CANCEL",
        Congestion = "CONGESTION",
        Continue = "CONTINUE",
        Goto = "GOTO",
        Ringing = "RINGING",
        Proceeding = "PROCEEDING",
        Progress = "PROGRESS",
    }
    /// The values of the fields `Direction` of `DTMFBegin` and `Direction` of `DTMFEnd`.
    DtmfDirection {
        Received = "Received",
        Sent = "Sent",
    }
    /// The values of the fields `ExtensionStates` and `StatusText`.
    ExtensionStateText {
        Idle = "Idle",
        InUse = "InUse",
        Busy = "Busy",
        Unavailable = "Unavailable",
        Ringing = "Ringing",
        InUseRinging = "InUse&Ringing",
        Hold = "Hold",
        InUseHold = "InUse&Hold",
        Unknown = "Unknown",
    }
    /// The values of the field `Operation`.
    FaxOperation {
        V21 = "V.21",
        Gateway = "gateway",
        Send = "send",
        Receive = "receive",
        None = "none",
    }
    /// The values of the fields `State` of `FAXSession` and `State` of `FAXSessionsEntry`.
    FaxSessionState {
        Uninitialized = "Uninitialized",
        Initialized = "Initialized",
        Open = "Open",
        Active = "Active",
        Complete = "Complete",
        Reserved = "Reserved",
        Inactive = "Inactive",
        Unknown = "Unknown",
    }
    /// The values of the field `SessionType`.
    FaxSessionType {
        G711 = "G.711",
        T38 = "T.38",
    }
    /// The values of the fields `Status` of `Load` and `Status` of `Unload`.
    ModuleStatus {
        Failure = "Failure",
        Success = "Success",
        Decline = "Decline",
    }
    /// The values of the field `Response` of `OriginateResponse`.
    OriginateResult {
        Failure = "Failure",
        Success = "Success",
    }
    /// The values of the field `PeerStatus`.
    PeerState {
        Reachable = "Reachable",
        Unreachable = "Unreachable",
        Unmonitored = "Unmonitored",
        Unknown = "Unknown",
        Registered = "Registered",
        Unregistered = "Unregistered",
        Rejected = "Rejected",
        Lagged = "Lagged",
    }
    /// The values of the field `Membership`.
    QueueMembership {
        Dynamic = "dynamic",
        Realtime = "realtime",
        Static = "static",
    }
    /// The values of the fields `Status` of `OutboundRegistrationDetail` and `Status` of
    /// `Registry`.
    RegistrationStatus {
        Stopping = "Stopping",
        Stopped = "Stopped",
        Timeout = "Timeout",
        Registered = "Registered",
        Unregistered = "Unregistered",
        Rejected = "Rejected",
        Failed = "Failed",
    }
    /// The values of the field `PT`.
    RtcpType {
        SenderReport = "200(SR)",
        ReceiverReport = "201(RR)",
    }
    /// The values of the field `Source` of `SessionTimeout`.
    SessionTimeoutSource {
        RtpTimeout = "RTPTimeout",
        SipSessionTimer = "SIPSessionTimer",
    }
    /// The values of the field `Severity`.
    Severity {
        Informational = "Informational",
        Error = "Error",
    }
    /// The values of the field `Shutdown` of `Shutdown`.
    ShutdownKind {
        Uncleanly = "Uncleanly",
        Cleanly = "Cleanly",
    }
    /// The values of the field `SubscriptionType`.
    SubscriptionType {
        Mwi = "mwi",
        ExtensionState = "extension_state",
    }
    /// The values of the fields `Result` of `AttendedTransfer` and `Result` of `BlindTransfer`.
    TransferResult {
        Fail = "Fail",
        Invalid = "Invalid",
        NotPermitted = "Not Permitted",
        Success = "Success",
    }
}
