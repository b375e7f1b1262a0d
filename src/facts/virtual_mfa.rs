//! Virtual MFA devices: the only type of MFA device that others can list, so hardware is what remains.

use super::{Fact, List, Observed, Origin, Source};
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
            let items = answer.virtual_mfa_devices.as_ref()?.iter().collect();
            let gaps = source.cut_off(answer.is_truncated, answer.marker.as_ref()).into_iter().collect();
            Some(List { items, gaps })
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

fn owner(device: &iam::VirtualMfaDevice) -> Option<&str> {
    device.user.as_ref()?.arn.as_deref()
}
