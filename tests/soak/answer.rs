//! What the server does about a request.

use crate::random::Random;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The data, at once.
    Right,
    /// The data in small pieces, in time.
    InPieces,
    /// The data, and soon after it the connection is closed.
    ThenClosed,
    /// A link to the data.
    Linked,
    BadRequest,
    Unauthorized,
    ServerError,
    GatewayTimeout,
    /// 429, at once again.
    Throttled,
    Reset,
    Stalled,
    StalledInBody,
    /// Byte by byte, for much longer than the time-out.
    Dripped,
    Truncated,
    Corrupted,
    NoHttp,
}

impl Answer {
    const ALL: [Self; 16] = [
        Self::Right,
        Self::InPieces,
        Self::ThenClosed,
        Self::Linked,
        Self::BadRequest,
        Self::Unauthorized,
        Self::ServerError,
        Self::GatewayTimeout,
        Self::Throttled,
        Self::Reset,
        Self::Stalled,
        Self::StalledInBody,
        Self::Dripped,
        Self::Truncated,
        Self::Corrupted,
        Self::NoHttp,
    ];

    /// Half of the answers are right.
    pub(crate) fn choose(random: &mut Random) -> Self {
        if random.once_in(3) { Self::Right } else { Self::ALL[random.below(Self::ALL.len())] }
    }

    /// From the number that it was written as.
    pub(crate) fn from_number(number: usize) -> Self {
        Self::ALL[number]
    }

    pub(crate) fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Throttled => 429,
            Self::ServerError => 500,
            Self::GatewayTimeout => 504,
            _ => 200,
        }
    }

    pub(crate) fn may_succeed(self) -> bool {
        matches!(self, Self::Right | Self::InPieces | Self::ThenClosed | Self::Linked)
    }

    /// Whether a call may end with an error of this kind. (With a time-out, any may.)
    pub(crate) fn may_end_as(self, kind: &str, status: Option<u16>) -> bool {
        match self {
            Self::Right
            | Self::InPieces
            | Self::ThenClosed
            | Self::Stalled
            | Self::StalledInBody
            | Self::Dripped => false,
            // What is behind the link fails in these ways.
            Self::Linked => kind == "transport" || status == Some(500),
            // After waiting, the next attempt may not have reached the server.
            Self::Throttled => kind == "transport" || status == Some(429),
            Self::BadRequest | Self::Unauthorized | Self::ServerError | Self::GatewayTimeout => {
                status == Some(self.status())
            }
            Self::Reset | Self::Truncated | Self::NoHttp => kind == "transport",
            Self::Corrupted => kind == "rejected",
        }
    }
}
