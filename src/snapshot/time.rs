//! Points in time as AWS prints them.
//!
//! AWS CLI v2 prints ISO 8601 with an offset; version 1 and boto3 dumps print seconds since 1970 as a number. Both are
//! read, ISO 8601 in UTC is written.

use jiff::Timestamp;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time with a resolution of one second or better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Timestamp);

impl Time {
    /// Reads ISO 8601 with an offset, as in `2026-11-22T03:00:00Z` or `2026-11-22T03:00:00+00:00`.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not an ISO 8601 time with an offset"))
    }

    /// The time of a number of seconds since 1970, as AWS CLI v1 prints it.
    pub fn from_epoch_seconds(seconds: f64) -> Result<Self, String> {
        let invalid = || format!("`{seconds}` seconds since 1970 is not a time");
        if !seconds.is_finite() || seconds.abs() > 1e12 {
            return Err(invalid());
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded above, and AWS counts milliseconds")]
        let milliseconds = (seconds * 1000.0).round() as i64;
        Timestamp::from_millisecond(milliseconds).map(Self).map_err(|_| invalid())
    }

    /// Seconds since 1970.
    pub fn as_second(self) -> i64 {
        self.0.as_second()
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;
        impl Visitor<'_> for TimeVisitor {
            type Value = Time;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an ISO 8601 time or seconds since 1970")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Time, E> {
                Time::from_epoch_seconds(seconds).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Time, E> {
                Timestamp::from_second(seconds).map(Time).map_err(|_| E::custom("time out of range"))
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Time, E> {
                i64::try_from(seconds).map_err(|_| E::custom("time out of range")).and_then(|s| self.visit_i64(s))
            }
        }
        deserializer.deserialize_any(TimeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn iso_and_epoch_spellings_of_one_instant_are_equal() {
        let iso: Time = serde_json::from_str("\"2016-11-01T01:59:59+02:00\"").unwrap();
        let epoch: Time = serde_json::from_str("1477958399.0").unwrap();
        assert_eq!(iso, epoch);
        assert_eq!(serde_json::to_string(&iso).unwrap(), "\"2016-10-31T23:59:59Z\"");
    }

    #[test]
    fn text_that_is_no_time_is_refused() {
        for bad in ["\"yesterday\"", "\"\"", "1e300", "true"] {
            assert!(serde_json::from_str::<Time>(bad).is_err(), "{bad}");
        }
    }
}
