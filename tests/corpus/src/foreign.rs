//! Types of other crates that games have in components: those of `glam`, and stand-ins with the same fields for others.
//!
//! Owns a table. It must list only what a game could wrap itself: no maps, pointers or handles.

use crate::text::Path;

/// What stands in for the type `name` with these arguments: the declaration of a type `name`, or nothing if it is not
/// known. A stand-in has no parameters; `arguments` are put in.
pub fn stand_in(name: &str, arguments: &[&str]) -> Option<String> {
    vector(name, arguments).or_else(|| wrapper(name, arguments)).or_else(|| plain(name))
}

/// The type of `glam` that `path` names, which the engine knows. Whatever has parameters is of another crate.
pub fn glam(path: &Path) -> Option<String> {
    const TYPES: &[&str] = &[
        "Affine2", "Affine3A", "BVec2", "BVec3", "BVec4", "DAffine2", "DAffine3", "DMat2", "DMat3", "DMat4", "DQuat",
        "DVec2", "DVec3", "DVec4", "I64Vec2", "I64Vec3", "I64Vec4", "IVec2", "IVec3", "IVec4", "Mat2", "Mat3", "Mat3A",
        "Mat4", "Quat", "U64Vec2", "U64Vec3", "U64Vec4", "UVec2", "UVec3", "UVec4", "Vec2", "Vec3", "Vec3A", "Vec4",
    ];
    let is_ours = path.arguments.is_empty() && TYPES.contains(&path.name());
    let others = ["vek", "nalgebra", "na", "cgmath", "ultraviolet"];
    let is_other = path.segments.iter().any(|segment| others.contains(&segment.as_str()));
    (is_ours && !is_other).then(|| format!("::glam::{}", path.name()))
}

/// The type of the language that a type of another crate is stored as, or nothing if it is not known.
pub fn instead(name: &str, arguments: &[&str]) -> Option<String> {
    Some(match (name, arguments) {
        ("SmolStr" | "CompactString" | "SmartString" | "FastStr" | "KString" | "Name", _) => {
            "::std::string::String".to_owned()
        }
        ("ArrayVec" | "TinyVec" | "StaticVec", [element, ..]) => format!("::std::vec::Vec<{element}>"),
        ("SmallVec", [array]) => {
            let element = array.strip_prefix('[').and_then(|text| text.rsplit_once(';')).map_or(*array, |(ty, _)| ty);
            format!("::std::vec::Vec<{element}>")
        }
        _ => return None,
    })
}

/// Whether a type of this name cannot mean anything in a saved row: a handle, a channel, a map of another crate.
pub fn is_process_bound(name: &str) -> bool {
    const ENDINGS: &[&str] =
        &["Handle", "HashMap", "HashSet", "Map", "Set", "Sender", "Receiver", "Channel", "Callback"];
    const NAMES: &[&str] = &["AssetId", "SystemId", "World", "Commands", "Thread", "Waker", "Box", "Task", "Gc"];
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Vectors, points, colours, rotations: fields of one scalar type.
fn vector(name: &str, arguments: &[&str]) -> Option<String> {
    let (fields, scalar): (&str, &str) = match name {
        "Vec2" | "Point2" | "Vector2" | "Dir2" | "Vector" | "Point" | "Position2" => ("x y", "f32"),
        "Vec3" | "Vec3A" | "Point3" | "Vector3" | "Dir3" | "Dir3A" => ("x y z", "f32"),
        "Vec4" | "Vector4" | "Quat" | "Quaternion" | "UnitQuaternion" => ("x y z w", "f32"),
        "Rot2" | "UnitComplex" => ("cos sin", "f32"),
        "I16Vec2" => ("x y", "i16"),
        "I16Vec3" => ("x y z", "i16"),
        "U16Vec2" => ("x y", "u16"),
        "U16Vec3" => ("x y z", "u16"),
        "Rgb" => ("r g b", "f32"),
        "Color" | "Rgba" | "LinearRgba" | "Srgba" => ("r g b a", "f32"),
        "Color32" => ("r g b a", "u8"),
        "Hsla" => ("hue saturation lightness alpha", "f32"),
        "Extent2" => ("w h", "f32"),
        "Extent3" => ("w h d", "f32"),
        "Rect" => ("min_x min_y max_x max_y", "f32"),
        "IRect" => ("min_x min_y max_x max_y", "i32"),
        "URect" => ("min_x min_y max_x max_y", "u32"),
        "Aabr" => ("min_x min_y max_x max_y", "f32"),
        "Aabb" => ("min_x min_y min_z max_x max_y max_z", "f32"),
        _ => return None,
    };
    let scalar = arguments.first().copied().unwrap_or(scalar);
    let fields: Vec<String> = fields.split(' ').map(|field| format!("pub {field}: {scalar}")).collect();
    Some(format!("pub struct {name} {{ {} }}", fields.join(", ")))
}

/// Types around a value.
fn wrapper(name: &str, arguments: &[&str]) -> Option<String> {
    let [inner] = arguments else { return None };
    matches!(name, "OrderedFloat" | "NotNan" | "Wrap" | "Angle" | "Rad" | "Deg" | "Unit")
        .then(|| format!("pub struct {name}(pub {inner});"))
}

/// Types with fields of their own.
fn plain(name: &str) -> Option<String> {
    let body = match name {
        "Mat4" | "Matrix4" => "{ pub cols: [[f32; 4]; 4] }",
        "GlobalTransform" => "{ pub cols: [[f32; 3]; 4] }",
        "Transform" => "{ pub translation: [f32; 3], pub rotation: [f32; 4], pub scale: [f32; 3] }",
        "Stopwatch" => "{ pub elapsed: ::core::time::Duration, pub is_paused: bool }",
        "Timer" => {
            "{ pub elapsed: ::core::time::Duration, pub is_paused: bool, pub duration: ::core::time::Duration, \
             pub repeats: bool, pub finished: bool, pub times_finished_this_tick: u32 }"
        }
        "Uuid" | "Ulid" | "ConnectionId" => "(pub u128);",
        "Identity" => "{ pub bytes: [u8; 32] }",
        "Timestamp" | "DateTime" | "NaiveDateTime" | "TimeDuration" => "(pub i64);",
        "NaiveDate" => "(pub i32);",
        "Decimal" => "{ pub flags: u32, pub hi: u32, pub lo: u32, pub mid: u32 }",
        _ => return None,
    };
    Some(format!("pub struct {name} {body}"))
}
