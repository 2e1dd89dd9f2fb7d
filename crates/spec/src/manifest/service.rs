use crdbctl_model::{HostPath, UnitName};

use super::LocalPath;
use crate::decode::{Decoder, Fields, read};
use crate::{Diagnostic, Inputs, Span, Spanned};

/// The systemd service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The unit's name.
    pub name: Spanned<UnitName>,
    /// Where the unit's file lies.
    pub unit_path: Spanned<HostPath>,
    /// The user's own template of the unit.
    pub template: Option<Template>,
    /// The limit of open files.
    pub nofile: Spanned<u64>,
    /// What is done about drop-ins that crdbctl did not make.
    pub drop_ins: Spanned<DropIns>,
    /// Where the section stands.
    pub span: Span,
}

/// A template of the unit, read from the control host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its path, as the manifest spells it.
    pub path: Spanned<LocalPath>,
    /// Its text.
    pub text: String,
}

/// What is done about drop-ins that crdbctl did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropIns {
    /// They are moved aside.
    SetAside,
    /// They are left, and shown.
    Keep,
}

/// Where systemd looks for the administrator's units (systemd.unit(5)).
pub(crate) const SYSTEMD_DIRECTORY: &str = "/etc/systemd/system";

/// The least limit of open files that a node starts with.
/// Source: <https://www.cockroachlabs.com/docs/stable/recommended-production-settings#file-descriptors-limit>.
const LEAST_NOFILE: u64 = 1956;

impl Service {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>, inputs: &Inputs<'_>) -> Self {
        let span = fields.span;
        let cockroach = UnitName::new("cockroach").expect("the default name is a plain word");
        let name = fields.or(decoder, "name", cockroach, read::parsed);
        let default_path = HostPath::new(format!("{SYSTEMD_DIRECTORY}/{}", name.file_name()))
            .expect("a unit's name holds what a path may hold");
        let before = decoder.count();
        let unit_path = fields.or(decoder, "unit_path", default_path, read::parsed);
        if decoder.count() == before && unit_path.file_name() != name.file_name() {
            decoder.report(
                Diagnostic::new(
                    unit_path.span,
                    format!("`service.unit_path` must end in `/{}`", name.file_name()),
                )
                .help("systemd knows a unit by the name of its file; change `service.name` or this path"),
            );
        }
        let template = fields
            .optional(decoder, "template", read::parsed::<LocalPath>)
            .and_then(|path| Template::read(decoder, path, inputs));
        let mut limits = fields.section(decoder, "limits");
        let nofile = limits.or(decoder, "nofile", 65_536, read::integer(LEAST_NOFILE..=1_073_741_816));
        limits.finish(decoder);
        let words = [("set-aside", DropIns::SetAside), ("keep", DropIns::Keep)];
        let drop_ins = fields.or(decoder, "drop_ins", DropIns::SetAside, read::word(&words));
        fields.finish(decoder);
        Self { name, unit_path, template, nofile, drop_ins, span }
    }

    /// Returns the path at which systemd finds the unit, when its file lies elsewhere.
    pub fn link(&self) -> Option<HostPath> {
        let directory = HostPath::new(SYSTEMD_DIRECTORY).expect("a plain absolute path");
        if self.unit_path.parent() == directory {
            return None;
        }
        Some(directory.join(&self.name.file_name()).expect("a unit's name holds what a path may hold"))
    }
}

impl Template {
    /// The longest template, in bytes.
    const MOST: usize = 64 * 1024;

    fn read(decoder: &mut Decoder, path: Spanned<LocalPath>, inputs: &Inputs<'_>) -> Option<Self> {
        let refuse = |decoder: &mut Decoder, why: &str| {
            decoder.report(
                Diagnostic::new(
                    path.span,
                    format!("the template {path} cannot be used: {why}", path = path.value),
                )
                .help("a relative path counts from the manifest"),
            );
            None
        };
        match (inputs.file)(path.as_str()) {
            Ok(text) if text.len() > Self::MOST => refuse(decoder, "it is larger than 64 KiB"),
            Ok(text) => Some(Self { path, text }),
            Err(why) => refuse(decoder, &why),
        }
    }
}
