//! The enumerations. Written by `ami/codegen`; do not edit.

use std::borrow::Cow;
use std::fmt;

use super::macros::open;

open! {
    /// The values of `Reason`.
    AgentCompleteReason {
        Caller = "caller",
        Agent = "agent",
        Transfer = "transfer",
    }
    /// The values of `Status`.
    AgentStatus {
        AgentLoggedoff = "AGENT_LOGGEDOFF",
        AgentIdle = "AGENT_IDLE",
        AgentOncall = "AGENT_ONCALL",
    }
    /// The values of `Status`.
    AlarmState {
        Enabled = "enabled",
        Disabled = "disabled",
    }
    /// The values of `AMAFlags`.
    AmaFlags {
        Omit = "OMIT",
        Billing = "BILLING",
        Documentation = "DOCUMENTATION",
    }
    /// The values of `Charge/BillingID`.
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
    /// The values of `Charge/Type`.
    AocChargeType {
        NotAvailable = "NotAvailable",
        Free = "Free",
        Currency = "Currency",
        Units = "Units",
    }
    /// The values of `Charge/Currency/Multiplier`.
    AocMultiplier {
        OneThousandth = "1/1000",
        OneHundredth = "1/100",
        OneTenth = "1/10",
        One = "1",
        Ten = "10",
        Hundred = "100",
        Thousand = "1000",
    }
    /// The values of `Charge/TotalType`.
    AocTotalType {
        SubTotal = "SubTotal",
        Total = "Total",
    }
    /// The values of `DestType`.
    AttendedTransferType {
        Bridge = "Bridge",
        App = "App",
        Link = "Link",
        Threeway = "Threeway",
        Fail = "Fail",
    }
    /// The values of `Disposition`.
    CdrDisposition {
        NoAnswer = "NO ANSWER",
        Failed = "FAILED",
        Busy = "BUSY",
        Answered = "ANSWERED",
        Congestion = "CONGESTION",
    }
    /// The values of `EventName`.
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
    /// The values of `ContactStatus` and `Status`.
    ContactState {
        Reachable = "Reachable",
        Unreachable = "Unreachable",
        NonQualified = "NonQualified",
        Unknown = "Unknown",
        Unqualified = "Unqualified",
        Removed = "Removed",
        Updated = "Updated",
    }
    /// The values of `DialStatus`.
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
    /// The values of `Direction`.
    DtmfDirection {
        Received = "Received",
        Sent = "Sent",
    }
    /// The values of `ExtensionStates` and `StatusText`.
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
    /// The values of `Operation`.
    FaxOperation {
        V21 = "V.21",
        Gateway = "gateway",
        Send = "send",
        Receive = "receive",
        None = "none",
    }
    /// The values of `State`.
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
    /// The values of `SessionType`.
    FaxSessionType {
        G711 = "G.711",
        T38 = "T.38",
    }
    /// The values of `Status`.
    ModuleStatus {
        Failure = "Failure",
        Success = "Success",
        Decline = "Decline",
    }
    /// The values of `Response`.
    OriginateResult {
        Failure = "Failure",
        Success = "Success",
    }
    /// The values of `PeerStatus`.
    PeerState {
        Unknown = "Unknown",
        Registered = "Registered",
        Unregistered = "Unregistered",
        Rejected = "Rejected",
        Lagged = "Lagged",
    }
    /// The values of `Membership`.
    QueueMembership {
        Dynamic = "dynamic",
        Realtime = "realtime",
        Static = "static",
    }
    /// The values of `Status`.
    RegistrationStatus {
        Registered = "Registered",
        Unregistered = "Unregistered",
        Rejected = "Rejected",
        Failed = "Failed",
    }
    /// The values of `PT`.
    RtcpType {
        SenderReport = "200(SR)",
        ReceiverReport = "201(RR)",
    }
    /// The values of `Source`.
    SessionTimeoutSource {
        RtpTimeout = "RTPTimeout",
        SipSessionTimer = "SIPSessionTimer",
    }
    /// The values of `Severity`.
    Severity {
        Informational = "Informational",
        Error = "Error",
    }
    /// The values of `Shutdown`.
    ShutdownKind {
        Uncleanly = "Uncleanly",
        Cleanly = "Cleanly",
    }
    /// The values of `SubscriptionType`.
    SubscriptionType {
        Mwi = "mwi",
        ExtensionState = "extension_state",
    }
    /// The values of `Result`.
    TransferResult {
        Fail = "Fail",
        Invalid = "Invalid",
        NotPermitted = "Not Permitted",
        Success = "Success",
    }
}
