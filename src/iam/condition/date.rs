//! Moments, as the W3C profile of ISO 8601 or as seconds since 1970.
//!
//! IAM reads more than the profile says (a lower-case `t`, one digit for an hour, a date without month), and what it
//! stores has to be read here, so this reader takes what IAM takes and not more.

/// A moment, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    seconds: i128,
    nanoseconds: u32,
}

impl Moment {
    /// Reads a date, a date and time, or seconds since 1970; `None` when IAM would refuse the text.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        if lower.contains('t') || lower.contains('-') {
            return iso(&lower);
        }
        let (whole, fraction) = lower.split_once('.').unwrap_or((&lower, ""));
        Some(Self { seconds: number(whole, 0, i64::MAX.into())?, nanoseconds: nanoseconds(fraction)? })
    }
}

fn iso(text: &str) -> Option<Moment> {
    let (date, time) = text.split_once('t').unwrap_or((text, ""));
    let (sign, date) = match date.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, date),
    };
    let mut parts = date.split('-');
    let year = sign * number(parts.next()?, 0, 292_278_993)?;
    let month = parts.next().map_or(Some(1), |part| number(part, 1, 12))?;
    let day = parts.next().map_or(Some(1), |part| number(part, 1, 31))?;
    if parts.next().is_some() {
        return None;
    }
    let (clock, offset) = zone(time)?;
    let (seconds, nanoseconds) = clock_time(clock)?;
    Some(Moment { seconds: days(year, month, day) * 86_400 + seconds - offset, nanoseconds })
}

/// Splits the zone off a time; its offset in seconds.
fn zone(time: &str) -> Option<(&str, i128)> {
    if let Some(clock) = time.strip_suffix('z') {
        return Some((clock, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (clock, signed) = time.split_at(at);
    let sign = if signed.starts_with('-') { -1 } else { 1 };
    let offset = signed.get(1..)?;
    let (hours, minutes) = match offset.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if offset.len() == 4 && offset.is_ascii() => offset.split_at(2),
        None => (offset, "0"),
    };
    Some((clock, sign * (number(hours, 0, 23)? * 3_600 + number(minutes, 0, 59)? * 60)))
}

fn clock_time(clock: &str) -> Option<(i128, u32)> {
    if clock.is_empty() {
        return Some((0, 0));
    }
    let mut parts = clock.split(':');
    let hours = number(parts.next()?, 0, 23)?;
    let minutes = parts.next().map_or(Some(0), |part| number(part, 0, 59))?;
    let (seconds, fraction) = parts.next().map_or(("0", ""), |part| part.split_once('.').unwrap_or((part, "")));
    if parts.next().is_some() {
        return None;
    }
    Some((hours * 3_600 + minutes * 60 + number(seconds, 0, 59)?, nanoseconds(fraction)?))
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

fn number(text: &str, least: i128, most: i128) -> Option<i128> {
    let value = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    (least..=most).contains(&value).then_some(value)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant's `days_from_civil`).
fn days(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::Moment;

    fn seconds(text: &str) -> i128 {
        Moment::parse(text).unwrap().seconds
    }

    #[test]
    fn dates_and_epochs_meet() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
        assert_eq!(seconds("2000-02-29T12:00:00Z"), 951_825_600);
        assert_eq!(seconds("2024-12-31T23:59:59-01:00"), 1_735_693_199);
        assert_eq!(seconds("1704067200"), seconds("2024-01"));
        assert!(Moment::parse("2024-01-01T00:00:00.25Z") > Moment::parse("2024-01-01T00:00:00.2Z"));
    }

    #[test]
    fn what_iam_takes_is_taken_and_what_it_refuses_is_not() {
        for text in ["01T", "2016-12-13t2:00:00.593194+23", "2019-07-01T13:20:15Z", "2017", "-5-01-01"] {
            assert!(Moment::parse(text).is_some(), "{text}");
        }
        for text in ["sdfdsf", "234-13", "2016-12-13t2:00:00.1999999999+10:59", "2024-01-01T25:00Z", "", "-", "1-1-1-1"]
        {
            assert!(Moment::parse(text).is_none(), "{text}");
        }
    }
}
