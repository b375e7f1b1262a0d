//! Virtual MFA devices: the only type of MFA device that others can list, so hardware is what remains.

use super::{Fact, List, MEMBER_MISSING, Observed, Origin, Source};
use crate::snapshot::{Snapshot, shapes::iam};

/// The account's assigned virtual devices.
#[derive(Debug)]
pub(crate) struct VirtualMfa<'a> {
    devices: Observed<List<&'a iam::VirtualMfaDevice>>,
    origin: Origin,
}

impl<'a> VirtualMfa<'a> {
    /// Reads the devices of a snapshot.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        let source = Source::<iam::ListVirtualMfaDevices>::global(snapshot);
        let devices = source.required("/VirtualMFADevices", |answer| {
            let items: Vec<_> = answer.virtual_mfa_devices.as_ref()?.iter().collect();
            let cut_off = source.cut_off(answer.is_truncated, answer.marker.as_ref());
            let untold = items.iter().any(|device| has_unnamed_owner(device));
            let untold = untold.then(|| source.gap(MEMBER_MISSING, "the user of a virtual MFA device has no `Arn`"));
            Some(List { items, gaps: cut_off.into_iter().chain(untold).collect() })
        });
        Self { devices: devices.state, origin: devices.origin }
    }

    /// Whether the root user has a virtual device. A device's owner decides; the serial number only when AWS names none,
    /// because an IAM user's or an unassigned device may carry root's default name.
    pub(crate) fn of_root(&self, root_arn: &str) -> Fact<bool> {
        self.any(|device| match owner(device) {
            Some(arn) => arn == root_arn,
            None => {
                device.user.is_some()
                    && device
                        .serial_number
                        .as_deref()
                        .is_some_and(|serial| serial.ends_with(":mfa/root-account-mfa-device"))
            }
        })
    }

    /// Whether an IAM user has a virtual device.
    pub(crate) fn of_user(&self, arn: &str, name: &str) -> Fact<bool> {
        self.any(|device| {
            owner(device) == Some(arn)
                || device.user.as_ref().is_some_and(|user| user.user_name.as_deref() == Some(name))
        })
    }

    /// True when a device matches; false only when the list is whole.
    fn any(&self, matches: impl Fn(&iam::VirtualMfaDevice) -> bool) -> Fact<bool> {
        let state = self.devices.as_ref().and_then(|list| {
            if list.items.iter().any(|device| matches(device)) {
                return Observed::Present(true);
            }
            match list.gaps.first() {
                Some(gap) => Observed::Unknown(gap.clone()),
                None => Observed::Present(false),
            }
        });
        Fact::new(state, self.origin)
    }
}

/// A device that nobody has yet has no `User`; one that somebody has names whom.
fn has_unnamed_owner(device: &iam::VirtualMfaDevice) -> bool {
    device.user.as_ref().is_some_and(|user| user.arn.is_none())
}

fn owner(device: &iam::VirtualMfaDevice) -> Option<&str> {
    device.user.as_ref()?.arn.as_deref()
}
