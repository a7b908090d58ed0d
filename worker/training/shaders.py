"""GLSL for `render`: skinned people and instances of simple shapes, one light casting shadows.

The framebuffer's first row is the picture's top: projections are y down, so nothing is flipped on
the way back.
"""

MAX_BONES = 96

SKIN = """
in vec3 in_position; in vec3 in_normal; in vec4 in_joints; in vec4 in_weights; in float in_material; in float in_part;
uniform mat4 bones[MAX_BONES];
mat4 skin() {
    return in_weights.x * bones[int(in_joints.x)] + in_weights.y * bones[int(in_joints.y)]
         + in_weights.z * bones[int(in_joints.z)] + in_weights.w * bones[int(in_joints.w)];
}
""".replace("MAX_BONES", str(MAX_BONES))

_SHAPE = """
in vec3 in_position; in vec3 in_normal;
in vec4 m0; in vec4 m1; in vec4 m2; in vec4 m3;
in vec3 in_colour_a; in vec3 in_colour_b; in vec4 in_style;
"""

CHARACTER_VERTEX = (
    "#version 330\n"
    + SKIN
    + """
in vec2 in_uv;
uniform mat4 view_projection;
out vec3 position; out vec3 normal; out vec2 uv;
flat out int material; flat out float part;
void main() {
    mat4 m = skin();
    vec4 p = m * vec4(in_position, 1.0);
    position = p.xyz;
    normal = mat3(m) * in_normal;
    uv = in_uv; material = int(in_material + 0.5); part = in_part;
    gl_Position = view_projection * p;
}
"""
)

CHARACTER_SHADOW_VERTEX = (
    "#version 330\n"
    + SKIN
    + """
uniform mat4 view_projection;
void main() { gl_Position = view_projection * (skin() * vec4(in_position, 1.0)); }
"""
)

SHAPE_VERTEX = (
    "#version 330\n"
    + _SHAPE
    + """
uniform mat4 view_projection;
out vec3 position; out vec3 normal; out vec3 local; out vec2 unit;
flat out vec3 colour_a; flat out vec3 colour_b; flat out vec4 style;
void main() {
    mat4 m = mat4(m0, m1, m2, m3);
    vec4 p = m * vec4(in_position, 1.0);
    position = p.xyz;
    normal = inverse(transpose(mat3(m))) * in_normal;
    vec3 size = vec3(length(m0.xyz), length(m1.xyz), length(m2.xyz));
    vec3 q = in_position * size;
    vec3 a = abs(in_normal);
    // A face's own two axes in metres, and where on the unit face.
    bool top = a.z > a.x && a.z > a.y, side = a.x > a.y;
    local = top ? vec3(q.xy, 0.0) : side ? vec3(q.yz, 0.0) : vec3(q.xz, 0.0);
    unit = (top ? in_position.xy : side ? in_position.yz : in_position.xz) * vec2(1.0, -1.0) + 0.5;
    colour_a = in_colour_a; colour_b = in_colour_b; style = in_style;
    gl_Position = view_projection * p;
}
"""
)

SHAPE_SHADOW_VERTEX = (
    "#version 330\n"
    + _SHAPE
    + """
uniform mat4 view_projection;
void main() { gl_Position = view_projection * (mat4(m0, m1, m2, m3) * vec4(in_position, 1.0)); }
"""
)

SHADOW_FRAGMENT = "#version 330\nvoid main() {}\n"

LIGHT = """
uniform vec3 eye; uniform vec3 key_direction; uniform vec3 key_colour; uniform vec3 fill_direction;
uniform vec3 fill_colour; uniform vec3 sky_colour; uniform vec3 ground_colour;
uniform mat4 shadow_matrix; uniform sampler2D shadow_map; uniform float shadow_strength;
uniform vec4 frame; uniform float exposure;
float lit(vec3 p, vec3 n) {
    vec4 s = shadow_matrix * vec4(p + n * 0.02, 1.0);
    vec3 c = s.xyz * 0.5 + 0.5;
    if (c.x < 0.01 || c.x > 0.99 || c.y < 0.01 || c.y > 0.99 || c.z > 1.0) return 1.0;
    vec2 o = vec2(0.0013, 0.0007);
    float a = texture(shadow_map, c.xy + o).r, b = texture(shadow_map, c.xy - o).r;
    return 1.0 - 0.5 * shadow_strength * (step(a, c.z - 0.002) + step(b, c.z - 0.002));
}
// sRGB of linear light by square roots, which is quicker than a power.
vec3 encoded(vec3 c) {
    vec3 a = sqrt(c), b = sqrt(a);
    return 0.662002687 * a + 0.684122060 * b - 0.323583601 * sqrt(b) - 0.0225411470 * c;
}
vec3 shade(vec3 base, vec3 p, vec3 n, float gloss) {
    n = normalize(n);
    vec3 to_eye = normalize(eye - p);
    float key = max(dot(n, key_direction), 0.0);
    float shadow = key > 0.0 ? lit(p, n) : 0.0;
    vec3 half_way = normalize(key_direction + to_eye);
    float mirror = max(dot(n, half_way), 0.0);
    mirror *= mirror; mirror *= mirror; mirror *= mirror;
    float shine = gloss * mirror * mirror * mirror * shadow;
    vec3 ambient = mix(ground_colour, sky_colour, n.z * 0.5 + 0.5);
    vec3 light = key_colour * key * shadow + fill_colour * max(dot(n, fill_direction), 0.0) + ambient;
    vec3 c = (base * light + key_colour * shine) * exposure;
    return encoded(clamp(c, 0.0, 1.0));
}
// Outside the camera's own frame a crop is black.
bool outside() {
    vec2 p = gl_FragCoord.xy;
    return p.x < frame.x || p.y < frame.y || p.x > frame.z || p.y > frame.w;
}
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_part;
// Part, person, and the depth in 1/1024 m up to 64 m.
vec4 labels(float part, float person, float depth) {
    float d = clamp(depth, 0.0, 63.9) * 4.0;
    return vec4(part / 255.0, person / 255.0, floor(d) / 255.0, fract(d));
}
"""

CHARACTER_FRAGMENT = (
    "#version 330\n"
    + LIGHT
    + """
in vec3 position; in vec3 normal; in vec2 uv;
flat in int material; flat in float part;
uniform vec4 colours[32]; uniform sampler2DArray textures; uniform float person;
void main() {
    if (outside()) { out_colour = vec4(0.0); out_part = vec4(0.0); return; }
    vec3 base = colours[material].rgb * pow(texture(textures, vec3(uv, float(material))).rgb, vec3(2.2));
    out_colour = vec4(shade(base, position, normal, colours[material].a), 1.0);
    out_part = labels(part, person, 1.0 / gl_FragCoord.w);
}
"""
)

SHAPE_FRAGMENT = (
    "#version 330\n"
    + LIGHT
    + """
in vec3 position; in vec3 normal; in vec3 local; in vec2 unit;
flat in vec3 colour_a; flat in vec3 colour_b; flat in vec4 style;
// style: layer of the surfaces, its tile's size in metres, glow, gloss. Layers from `pictures` on fill a face once.
uniform sampler2DArray surfaces; uniform float pictures;
void main() {
    if (outside()) { out_colour = vec4(0.0); out_part = vec4(0.0); return; }
    bool picture = style.x > pictures - 0.5;
    vec3 seen = texture(surfaces, vec3(picture ? unit : local.xy / style.y, style.x)).rgb;
    vec3 base = mix(colour_a, colour_b, picture ? seen * seen : seen);
    vec3 c = shade(base, position, normal, style.w);
    out_colour = vec4(mix(c, base, style.z), 1.0);
    out_part = vec4(0.0);
}
"""
)

BACKDROP_VERTEX = """
#version 330
in vec2 in_position;
out vec2 uv;
void main() { uv = in_position * 0.5 + 0.5; gl_Position = vec4(in_position, 0.9999, 1.0); }
"""

BACKDROP_FRAGMENT = """
#version 330
in vec2 uv;
uniform sampler2DArray backdrops; uniform vec4 frame; uniform vec4 window; uniform vec3 gain; uniform float layer;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_part;
void main() {
    bool black = gl_FragCoord.x < frame.x || gl_FragCoord.y < frame.y
              || gl_FragCoord.x > frame.z || gl_FragCoord.y > frame.w;
    vec3 seen = texture(backdrops, vec3(window.xy + uv * window.zw, layer)).rgb;
    out_colour = black ? vec4(0.0) : vec4(min(seen * gain, 1.0), 1.0);
    out_part = vec4(0.0);
}
"""
