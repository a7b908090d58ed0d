"""GLSL for people who wear the wardrobe's pieces: bodies that bulge, garments that end, cloth, skin and faces.

Everything is told in the rest pose's coordinates, in which arms lie along x and heights along z. `cuts` are:
0, 1 the top's sleeve end, hem, neck's half-width and depth; armhole, depth of the neck behind, its edge's power, half
of the opening in front. 2, 3 the same of what is worn over it. 4 the bottom's waist, legs' end, skirt's end, whether
the top is tucked in. 5 shoes, boots' height, socks' height, where gloves begin. 6 the colour of socks and gloves, and
how much hair colours the scalp. 7 a hat's line, how it falls to the back, stubble, a number of the face's own.
"""

from .shaders import LIGHT, SKIN
from .shaders import SHADOW_FRAGMENT as SHADOW_FRAGMENT_PLAIN

_RULES = """
uniform vec4 cuts[8];
uniform float worn[5];  // by material, the skin's always 1
// Whether a top (a, b its cuts) covers a place, its edges drawn in by m metres.
bool top_covers(vec4 a, vec4 b, vec3 r, float m) {
    float x = abs(r.x);
    bool trunk = x < 0.26 && r.z < a.y + m;
    bool arm = x > a.x - m || (x > b.x - m && r.z > 1.245 - 0.6 * max(b.x - m - 0.10, 0.0));
    float deep = mix(a.w, b.y, clamp((r.y + 0.03) * 10.0, 0.0, 1.0)) + m + 0.055;
    vec2 q = vec2(x / (a.z + m), max(1.485 - r.z, 0.0) / max(deep, 0.01));
    bool neck = a.z > 0.045 && mix(q.x + q.y, dot(q, q), b.z - 1.0) < 1.0;
    bool front = b.w > 0.0 && r.y < 0.02 && x < b.w * (0.35 + 1.3 * clamp(1.40 - r.z, 0.0, 0.5)) + m;
    return !(trunk || arm || neck || front || r.z > 1.492);
}
"""

#: Whether the skin's surface is there: not under clothes, which would let it through where they are thin.
_SKIN_RULE = """
bool there(int material, vec3 r) {
    bool low = abs(r.x) < 0.3;
    bool top = worn[1] > 0.5 && top_covers(cuts[0], cuts[1], r, 0.022);
    bool over = worn[2] > 0.5 && top_covers(cuts[2], cuts[3], r, 0.03);
    bool legs = worn[3] > 0.5 && low && r.z < cuts[4].x - 0.022 && r.z > cuts[4].y + 0.022;
    bool skirt = worn[4] > 0.5 && low && r.z < cuts[4].x - 0.02 && r.z > max(cuts[4].z, 0.84) + 0.02;
    return !(top || over || legs || skirt || (cuts[5].x > 0.5 && r.z < 0.085));
}
"""

#: Whether a garment's, a boot's or hair's surface is there.
_WORN_RULE = """
bool there(int material, vec3 r) {
    bool outer = material == 2, low = abs(r.x) < 0.26;
    bool own = top_covers(outer ? cuts[2] : cuts[0], outer ? cuts[3] : cuts[1], r, 0.0);
    bool under = worn[2] > 0.5 && top_covers(cuts[2], cuts[3], r, 0.035);
    bool tucked = cuts[4].w > 0.5;
    bool top = own && !(tucked && low && r.z < cuts[4].x - 0.012) && !under;
    bool over = own || worn[2] < 0.5 || r.z > 1.39;
    float end = material == 3 ? cuts[4].y : cuts[4].z;
    bool hidden = (material == 3 && worn[4] > 0.5 && r.z > max(cuts[4].z, 0.84) + 0.02)
        || (worn[1] > 0.5 && !tucked && r.z > cuts[0].y + 0.05)
        || (worn[2] > 0.5 && cuts[3].w < 0.001 && r.z > cuts[2].y + 0.06);
    bool bottom = r.z < cuts[4].x && r.z > end && !hidden;
    bool hair = r.z < cuts[7].x + 0.006 - cuts[7].y * (r.y - 0.02);
    return material == 1 ? top : outer ? over : material == 3 || material == 4 ? bottom
        : material == 7 ? hair : material == 15 ? r.z < cuts[5].y : true;
}
"""

_BODY = """
uniform vec4 forms[2]; uniform vec4 cloth[16];
// How far the skin bulges at a place, and that length's gradient.
void bulge(vec3 r, vec3 centre, vec3 radii, float size, inout float height, inout vec3 slope) {
    vec3 d = (r - centre) / radii;
    float e = size * exp(-dot(d, d));
    height += e; slope -= 2.0 * e * d / radii;
}
void grow(inout vec3 p, inout vec3 n, int material) {
    vec3 r = vec3(abs(p.x), p.yz);
    vec3 side = vec3(p.x < 0.0 ? -1.0 : 1.0, 1.0, 1.0);
    float h = 0.0; vec3 g = vec3(0.0);
    bulge(r, vec3(0.0, -0.10, 1.05), vec3(0.15, 0.10, 0.12), forms[0].x, h, g);
    bulge(r, vec3(0.078, -0.095, 1.258), vec3(0.052, 0.065, 0.058), forms[0].y, h, g);
    bulge(r, vec3(0.078, 0.10, 0.885), vec3(0.075, 0.075, 0.08), forms[0].z, h, g);
    bulge(r, vec3(0.165, 0.01, 0.875), vec3(0.06, 0.12, 0.10), forms[0].w, h, g);
    bulge(r, vec3(0.0, -0.05, 1.475), vec3(0.06, 0.06, 0.035), forms[1].w, h, g);
    h += forms[1].z * step(r.x, 0.6) * step(r.z, 1.40) * smoothstep(0.05, 0.2, r.z);
    h += cloth[material].y;
    p += n * h;
    g *= side;
    n = normalize(n - (g - n * dot(g, n)));
}
"""

VERTEX = (
    "#version 330\n"
    + SKIN
    + _BODY
    + """
uniform mat4 view_projection;
out vec3 position; out vec3 normal; out vec3 rest;
flat out int material; flat out float part;
void main() {
    material = int(in_material + 0.5); part = in_part;
    vec3 q = in_position, n = in_normal;
    rest = q;
    grow(q, n, material);
    mat4 m = skin();
    vec4 p = m * vec4(q, 1.0);
    position = p.xyz; normal = mat3(m) * n;
    gl_Position = view_projection * p;
}
"""
)

SHADOW_VERTEX = (
    "#version 330\n"
    + SKIN
    + """
uniform mat4 view_projection;
out vec3 rest; flat out int material;
void main() {
    rest = in_position; material = int(in_material + 0.5);
    gl_Position = view_projection * (skin() * vec4(in_position, 1.0));
}
"""
)

_EVERYWHERE = "bool there(int material, vec3 r) { return true; }\n"
_SHADOW = "#version 330\nin vec3 rest; flat in int material;\n"
_SHADOW_MAIN = "void main() { if (!there(material, rest)) discard; }\n"
#: By how a body's triangles are drawn, as `cutting` sorts them.
SHADOW_FRAGMENT = {
    "face": SHADOW_FRAGMENT_PLAIN,
    "skin": SHADOW_FRAGMENT_PLAIN,
    "worn": SHADOW_FRAGMENT_PLAIN,
    "skin edge": _SHADOW + _RULES + _SKIN_RULE + _SHADOW_MAIN,
    "worn edge": _SHADOW + _RULES + _WORN_RULE + _SHADOW_MAIN,
}

_SURFACE = """
in vec3 position; in vec3 normal; in vec3 rest;
flat in int material; flat in float part;
uniform vec4 first[16]; uniform vec4 second[16]; uniform vec4 cloth[16];
uniform sampler2D noise_map; uniform float person;
"""

_SPOT = """
float spot(vec2 d, vec2 radii) { d /= radii; return clamp(2.9 - 2.5 * dot(d, d), 0.0, 1.0); }
"""

_SKIN_COLOUR = """
// Skin below the chin, with socks and gloves.
vec3 colour(vec3 r, vec3 noise) {
    float x = abs(r.x);
    vec3 base = first[0].rgb * (0.92 + 0.16 * noise.r);
    float warm = 0.35 * clamp((x - 0.70) * 10.0, 0.0, 1.0) + 0.4 * spot(vec2(x - 0.445, r.y - 0.05), vec2(0.05, 0.03));
    bool clothed = (x < 0.3 && r.z < cuts[5].z) || x > cuts[5].w;
    return clothed ? cuts[6].rgb : base * mix(vec3(1.0), vec3(1.12, 0.80, 0.78), warm);
}
"""

_FACE_COLOUR = """
// A face, stubble, and hair's shadow on the scalp.
vec3 colour(vec3 r, vec3 noise) {
    vec3 base = first[0].rgb * (0.92 + 0.16 * noise.r);
    vec3 hair = first[7].rgb, red = base * vec3(1.12, 0.80, 0.78);
    float own = cuts[7].w, x = abs(r.x);
    float front = r.y < 0.0 ? 1.0 : 0.0;
    float cheek = spot(vec2(x - 0.042, r.z - 1.553), vec2(0.028, 0.022));
    base = mix(base, red, front * 0.5 * (cheek + spot(vec2(x, r.z - 1.558), vec2(0.015, 0.012))));
    float beard = clamp((1.535 - r.z - 0.25 * r.y + 0.3 * x) * 50.0, 0.0, 1.0);
    beard *= clamp((0.01 - r.y) * 25.0, 0.0, 1.0) * clamp((r.z - 1.46) * 40.0, 0.0, 1.0);
    base = mix(base, hair, beard * cuts[7].z * (0.6 + 0.5 * noise.g));
    vec3 lips = base * vec3(0.92, 0.50 + 0.2 * own, 0.52);
    base = mix(base, lips, front * spot(vec2(x, r.z - 1.524), vec2(0.027, 0.0075 + 0.002 * own)));
    vec2 e = vec2(x - 0.0325, r.z - 1.592);
    float open = own > 0.06 ? 0.0062 + 0.003 * own : 0.0012;
    float dark = 0.75 * spot(vec2(x, r.z - 1.5245), vec2(0.025, 0.0013 + 0.004 * max(own - 0.8, 0.0)))
        + 0.6 * spot(vec2(x - 0.008, r.z - 1.5495), vec2(0.0045, 0.0025))
        + 0.35 * spot(e - vec2(0.0, 0.004), vec2(0.022, 0.012));
    base *= 1.0 - front * min(dark, 0.9);
    vec3 iris = mix(vec3(0.02, 0.012, 0.008), vec3(0.06, 0.12, 0.16), step(0.72, fract(own * 13.0)));
    vec2 look = vec2(e.x * sign(r.x) - 0.006 * (fract(own * 5.0) - 0.5), e.y);
    vec3 eye = mix(vec3(0.62, 0.58, 0.55), iris, spot(look, vec2(0.0065)));
    base = mix(base, eye, front * spot(e, vec2(0.0145, open)));
    base *= 1.0 - front * 0.8 * spot(e - vec2(0.001, open), vec2(0.016, 0.0022));
    float arch = r.z - 1.6165 + 5.0 * (x - 0.03) * (x - 0.03);
    base = mix(base, hair, front * 0.85 * spot(vec2(x - 0.033, arch), vec2(0.021, 0.0028 + 0.003 * own)));
    vec3 f = (r - vec3(0.0, -0.100, 1.570)) / vec3(0.072, 0.080, 0.076);
    vec3 s = (vec3(x, r.yz) - vec3(0.088, 0.002, 1.560)) / vec3(0.030, 0.036, 0.050);
    vec3 k = (r - vec3(0.0, 0.0, 1.478)) / vec3(0.12, 0.09, 0.062);
    float scalp = clamp((min(dot(f, f), min(dot(s, s), dot(k, k))) - 0.95) * 7.0, 0.0, 1.0) * step(1.5, r.z);
    return mix(base, hair, scalp * cuts[6].w);
}
"""

_CLOTH_COLOUR = """
uniform sampler2DArray patterns; uniform vec4 placed_from[16]; uniform vec4 placed_to[16];
// A pattern in a material's second colour, and a box in the rest pose within which another rule holds.
vec3 colour(vec3 r, vec3 noise) {
    vec4 a = first[material], b = second[material], c = cloth[material];
    bool arm = abs(r.x) > 0.20 && r.z > 1.2;
    vec2 q = (arm ? vec2(r.y + 0.7 * r.z, abs(r.x)) : vec2(r.x + 0.6 * r.y, r.z)) / c.x + c.w;
    float drawn = texture(patterns, vec3(q, b.a)).r;
    vec4 low = placed_from[material], high = placed_to[material];
    vec3 p = vec3(abs(r.x), r.yz);
    bool inside = all(greaterThan(p, low.xyz)) && all(lessThan(p, high.xyz));
    return mix(a.rgb, b.rgb, inside ? (high.w < 0.0 ? drawn : high.w) : drawn * low.w);
}
"""

_MAIN = """
void main() {
    if (outside()) { out_colour = vec4(0.0); out_part = vec4(0.0); return; }
    if (!there(material, rest)) discard;
    vec4 c = cloth[material];
    vec3 noise = texture(noise_map, rest.xz * vec2(1.3, 0.8) + rest.y * vec2(0.9, 0.7) + c.w * 3.0).rgb;
    vec3 base = colour(rest, noise);
    vec3 n = normalize(normal);
    if (!gl_FrontFacing) { n = -n; base *= 0.55; }
    n += (noise - 0.5) * c.z * 1.6;
    out_colour = vec4(shade(base, position, n, first[material].a), 1.0);
    out_part = labels(part, person, 1.0 / gl_FragCoord.w);
}
"""


def _fragment(rule: str, colour: str) -> str:
    plain = "uniform vec4 cuts[8];\n" + _EVERYWHERE
    return "#version 330\n" + LIGHT + (_RULES + rule if rule else plain) + _SURFACE + _SPOT + colour + _MAIN


FRAGMENT = {
    "face": _fragment("", _FACE_COLOUR),
    "skin": _fragment("", _SKIN_COLOUR),
    "worn": _fragment("", _CLOTH_COLOUR),
    "skin edge": _fragment(_SKIN_RULE, _SKIN_COLOUR),
    "worn edge": _fragment(_WORN_RULE, _CLOTH_COLOUR),
}


def _surface_of_vertices(rule: str, colour: str) -> str:
    return (
        "#version 330\n"
        + SKIN
        + _BODY
        + (_RULES + rule if rule else "uniform vec4 cuts[8];\n" + _EVERYWHERE)
        + "uniform vec4 first[16]; uniform vec4 second[16]; uniform sampler2D noise_map;\nint material;\n"
        + _SPOT
        + colour
        + """
out vec3 place; out vec3 base; out vec3 kind;  // kind: gloss, whether the surface is there, part
void main() {
    material = int(in_material + 0.5);
    vec3 r = in_position, q = r, n = in_normal;
    grow(q, n, material);
    place = (skin() * vec4(q, 1.0)).xyz;
    vec4 c = cloth[material];
    base = colour(r, texture(noise_map, r.xz * vec2(1.3, 0.8) + r.y * vec2(0.9, 0.7) + c.w * 3.0).rgb);
    kind = vec3(first[material].a, there(material, r) ? 1.0 : 0.0, in_part);
}
"""
    )


#: Programs that draw nothing: where each vertex is and what colour it has, for another renderer.
VERTICES = {
    "face": _surface_of_vertices("", _FACE_COLOUR),
    "skin": _surface_of_vertices("", _SKIN_COLOUR),
    "worn": _surface_of_vertices("", _CLOTH_COLOUR),
    "skin edge": _surface_of_vertices(_SKIN_RULE, _SKIN_COLOUR),
    "worn edge": _surface_of_vertices(_WORN_RULE, _CLOTH_COLOUR),
}
