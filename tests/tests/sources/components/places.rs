//! Vectors and matrices.

use ecsdb::Component;
use glam::{
    Affine2, Affine3A, BVec2, BVec3, BVec4, DAffine2, DAffine3, DMat2, DMat3, DMat4, DQuat, DVec2, DVec3, DVec4,
    I64Vec2, I64Vec3, I64Vec4, IVec2, IVec3, IVec4, Mat2, Mat3, Mat3A, Mat4, U64Vec2, U64Vec3, U64Vec4, UVec2, UVec3,
    UVec4, Vec2, Vec3, Vec4,
};

#[derive(Component)]
pub struct Place {
    #[component(default = Vec3::new(1.0, -2.0, 0.1))]
    at: Vec3,
    #[component(default = glam::Quat::IDENTITY)]
    turned: glam::Quat,
    #[component(default = Vec2::ZERO)]
    a: Vec2,
    #[component(default = glam::Vec3A::splat(2.5))]
    b: glam::Vec3A,
    #[component(default = Vec4::ONE)]
    c: Vec4,
    doubles: (DVec2, DVec3, DVec4, DQuat),
    #[component(default = IVec3::from_array([1, -2, 3]))]
    d: IVec3,
    #[component(default = UVec2::ONE)]
    e: UVec2,
    integers: (IVec2, IVec4, UVec3, UVec4),
    wide: (I64Vec2, I64Vec3, I64Vec4, U64Vec2, U64Vec3, U64Vec4),
    #[component(default = BVec3::TRUE)]
    f: BVec3,
    flags: Vec<(BVec2, BVec4)>,
    #[component(default = Mat3::IDENTITY)]
    g: Mat3,
    #[component(default = Affine2::IDENTITY)]
    h: Affine2,
    #[component(default = Mat4::ZERO)]
    i: Mat4,
    matrices: (Mat2, Mat3A, DMat2, DMat3, DMat4, Affine3A, DAffine2, DAffine3),
}
