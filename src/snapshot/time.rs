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
        let parsed = as_aws_prints_it(text).map_or_else(|| text.parse(), Ok);
        parsed.map(Self).map_err(|_| format!("`{text}` is not an ISO 8601 time with an offset"))
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

/// The time of a text like `2026-11-22T03:00:00Z` or `2026-11-22T03:00:00+00:00`, as all of AWS's are but some that have fractions of a
/// second; credential reports have thousands.
fn as_aws_prints_it(text: &str) -> Option<Timestamp> {
    let plain = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2] = plain.as_bytes()
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0i16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0')))
    };
    let two = |tens, ones| i8::try_from(number(&[tens, ones])?).ok();
    let civil = jiff::civil::DateTime::new(
        number(&[y1, y2, y3, y4])?,
        two(m1, m2)?,
        two(d1, d2)?,
        two(h1, h2)?,
        two(i1, i2)?,
        two(s1, s2)?,
        0,
    );
    jiff::tz::Offset::UTC.to_timestamp(civil.ok()?).ok()
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match in_whole_seconds(self.0) {
            Some(bytes) => f.write_str(std::str::from_utf8(&bytes).map_err(|_| std::fmt::Error)?),
            None => self.0.fmt(f),
        }
    }
}

/// A time as in `2026-11-22T03:00:00Z`, where that is all of it; thousands are told of users.
fn in_whole_seconds(time: Timestamp) -> Option<[u8; 20]> {
    let civil = jiff::tz::Offset::UTC.to_datetime(time);
    let year = u8::try_from(civil.year() / 100).ok().zip(u8::try_from(civil.year() % 100).ok());
    let (century, year) = year.filter(|_| civil.subsec_nanosecond() == 0)?;
    let two = |number: u8| [b'0' + number / 10, b'0' + number % 10];
    let part = |number: i8| two(number.unsigned_abs());
    let ([y1, y2], [y3, y4]) = (two(century), two(year));
    let ([m1, m2], [d1, d2]) = (part(civil.month()), part(civil.day()));
    let ([h1, h2], [i1, i2], [s1, s2]) = (part(civil.hour()), part(civil.minute()), part(civil.second()));
    Some([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2, b'Z'])
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
    use super::{Time, as_aws_prints_it};

    #[test]
    fn iso_and_epoch_spellings_of_one_instant_are_equal() {
        let iso: Time = serde_json::from_str("\"2016-11-01T01:59:59+02:00\"").unwrap();
        let epoch: Time = serde_json::from_str("1477958399.0").unwrap();
        assert_eq!(iso, epoch);
        assert_eq!(serde_json::to_string(&iso).unwrap(), "\"2016-10-31T23:59:59Z\"");
    }

    #[test]
    fn the_short_way_to_a_time_says_what_the_long_one_says() {
        let times = [
            "2026-11-22T03:00:00",
            "2024-02-29T23:59:59",
            "1969-12-31T23:59:59",
            "0000-01-01T00:00:00",
            "9999-12-31T23:59:59",
        ];
        let odd = [
            "2026-02-29T00:00:00",
            "2026-13-01T00:00:00",
            "2026-11-22T24:00:00",
            "2016-12-31T23:59:60",
            "2026-11-22T03:00:0x",
            "+026-11-22T03:00:00",
        ];
        for time in times.into_iter().chain(odd) {
            for offset in ["Z", "+00:00", "", "+01:00"] {
                let text = format!("{time}{offset}");
                let long = text.parse::<jiff::Timestamp>().ok();
                if let Some(short) = as_aws_prints_it(&text) {
                    assert_eq!(Some(short), long, "{text}");
                }
                assert_eq!(Time::parse(&text).ok().map(|time| time.0), long, "{text}");
            }
        }
        assert!(as_aws_prints_it("2024-02-29T23:59:59+00:00").is_some());
        assert_eq!(as_aws_prints_it("2026-02-29T00:00:00Z"), None);
    }

    #[test]
    fn times_are_written_as_the_crate_writes_them() {
        let odd = [i64::from(i32::MIN), -62_167_219_200, -62_167_219_201, 253_402_207_200, -377_705_023_201];
        for second in odd.into_iter().chain((0..500).map(|number| number * 86_399_123 - 9_000_000_000)) {
            let time = jiff::Timestamp::from_second(second).unwrap();
            assert_eq!(Time(time).to_string(), time.to_string());
        }
        let fraction = jiff::Timestamp::from_millisecond(1_479_958_399_250).unwrap();
        assert_eq!(Time(fraction).to_string(), fraction.to_string());
    }

    #[test]
    fn text_that_is_no_time_is_refused() {
        for bad in ["\"yesterday\"", "\"\"", "1e300", "true"] {
            assert!(serde_json::from_str::<Time>(bad).is_err(), "{bad}");
        }
    }
}
