"""People, drawn 100 units tall, feet at the origin, looking right."""

from __future__ import annotations

from sample_data.drawing.brush import Brush, dark, light, mix, rgb, wave
from sample_data.drawing.cast import Person, Pose
from sample_data.drawing.clothes import DETAILS


def draw_person(b: Brush, who: Person, pose: Pose) -> None:
    """The whole figure: the camera decides how much of it is seen."""
    breath = 0.4 * wave(pose.time_s, 3.4, pose.phase)
    swing = wave(pose.time_s, 0.95 - 0.3 * pose.stride, pose.phase) * pose.stride
    b.shadow(0, 0.5, 17 * who.build, 3.2)
    _legs(b, who, swing)
    with b.at(0, breath * 0.5 - abs(swing) * 1.4, turn=4 * pose.stride):
        _arm(b, who, -swing, pose, behind=True)
        _hair_behind(b, who)
        _body(b, who, swing)
        _arm(b, who, swing, pose, behind=False)
        with b.at(0.6, -79, turn=1.6 * wave(pose.time_s, 2.3, pose.phase) * (1.6 if pose.talking else 0.7)):
            _head(b, who, pose)


def _legs(b: Brush, who: Person, swing: float) -> None:
    cloth = dark(who.second, 0.55)
    if who.clothes in ("spacesuit", "jacket"):
        cloth = mix(who.colour, (0.2, 0.2, 0.26), 0.45)
    for side, shade in ((-1, 0.25), (1, 0.0)):
        hip, foot = 5.0 * who.build * side, 5.5 * who.build * side + 17 * swing * side
        knee = (hip + foot) / 2 + 4 * abs(swing)
        lift = 4 * max(0.0, -swing * side)
        b.line([(hip, -46), (knee, -24), (foot, -3 - lift)], 8.2 * who.build, dark(cloth, shade))
        b.rect(foot - 4, -4.6 - lift, 11, 4.8, dark((0.2, 0.15, 0.14), shade), r=2.2)


def _body(b: Brush, who: Person, swing: float) -> None:
    w, main, low = who.build, who.colour, dark(who.colour, 0.28)
    b.rect(-3.6, -86, 7.2, 12, dark(who.skin, 0.16), r=2)
    hem = {"coat": -22, "dress": -16, "robe": -5, "poncho": -38, "shawl": -16}.get(who.clothes, -42)
    flare = {"coat": 15, "dress": 19, "robe": 15, "poncho": 24, "shawl": 18}.get(who.clothes, 11.2)
    b.blob(
        [
            (-6, -81), (-15.5 * w, -79.5), (-15 * w, -62), (-10.5 * w, -52), (-flare * w - 2 * swing, hem - 2),
            (-flare * w * 0.8, hem + 2.5), (flare * w * 0.8, hem + 2.5), (flare * w - 2 * swing, hem - 2), (10.5 * w, -52),
            (15 * w, -62), (15.5 * w, -79.5), (6, -81),
        ],
        light(main, 0.08), low,
    )  # fmt: skip
    b.blob(
        [(-15 * w, -80), (-9 * w, -80), (-8 * w, -60), (-9 * w, hem), (-flare * w * 0.9, hem), (-13 * w, -60)],
        low,
        a=0.45,
    )
    DETAILS[who.clothes](b, who)


def _arm(b: Brush, who: Person, swing: float, pose: Pose, *, behind: bool) -> None:
    side = -1 if behind else 1
    shoulder = (13.2 * who.build * side, -75.0)
    lift = 0.0
    if pose.talking and not behind:
        lift = 0.55 + 0.45 * wave(pose.time_s, 1.7, pose.phase)
    elbow = (shoulder[0] + 3.5 * side + 9 * swing * side + 2 * lift, -58.5 + 2 * lift)
    hand = (elbow[0] + 7 * swing * side - 1.5 * side + 9 * lift, -43.5 - 19 * lift)
    sleeve = light(who.second, 0.62) if who.clothes == "vest" else who.colour
    cloth = dark(sleeve, 0.42 if behind else 0.16)
    b.line([shoulder, elbow, hand], 6.6 * who.build**0.5, cloth, smooth=False)
    b.oval(hand[0], hand[1] + 1.6, 3.2, 3.6, dark(who.skin, 0.25 if behind else 0.04))


def _hair_behind(b: Brush, who: Person) -> None:
    hair = dark(who.hair, 0.25)
    with b.at(0, -79):
        if who.style == "long":
            b.blob([(-12, -24), (0, -28), (11, -22), (10, -4), (12, 12), (4, 16), (-8, 18), (-15, 10), (-13, -8)], hair)
        elif who.style == "bob":
            b.blob([(-12, -22), (0, -27), (11, -20), (10.5, -2), (6, 3), (-8, 4), (-13.5, -1)], hair)
        elif who.style == "ponytail":
            b.blob([(-8, -22), (-16, -20), (-20, -8), (-17, 6), (-13, 2), (-13, -10), (-8, -14)], hair)
        elif who.style == "afro":
            b.oval(-0.5, -15, 17, 16.5, light(hair, 0.03), hair)
        elif who.style == "bun":
            b.oval(-7.5, -24, 6.2, 5.8, hair)


def _head(b: Brush, who: Person, pose: Pose) -> None:
    """About the top of the neck; the face looks a little to the right."""
    skin, shade = who.skin, dark(who.skin, 0.18)
    b.oval(-8.4, -10, 2.4, 3.2, shade)
    b.blob(
        [(-10, -22), (0, -25.5), (10, -22), (10.6, -10), (8, 0.5), (1.5, 4.4), (-6, 1.2), (-10.4, -8)],
        light(skin, 0.07),
        mix(skin, shade, 0.25),
    )
    b.blob([(-10, -20), (-5, -20), (-5.5, -6), (-2, 2), (-6, 1.2), (-10.4, -8)], shade, a=0.5)
    if who.beard == "full":
        b.blob([(-8, -9), (-4, -5), (3, -5.4), (9.6, -8), (9, 1), (3, 6.5), (-5, 4)], dark(who.hair, 0.08))
    _face(b, who, pose)
    _hair(b, who)
    _hat(b, who)


def _face(b: Brush, who: Person, pose: Pose) -> None:
    turn = 2.2
    blink = (pose.time_s + pose.phase * 5) % 3.7 < 0.13
    wide = 1 + 0.35 * pose.fear
    brow = dark(who.hair if who.style != "bald" else mix(who.hair, who.skin, 0.2), 0.2)
    for side in (-1, 1):
        x = turn + 4.1 * side
        if blink:
            b.line([(x - 1.6, -10.2), (x + 1.6, -10.2)], 0.7, dark(who.skin, 0.6))
        else:
            b.oval(x, -10.6, 1.95, 1.75 * wide, (0.98, 0.97, 0.95))
            b.oval(x + 0.55, -10.5, 1.15, 1.25, (0.12, 0.09, 0.1))
            b.oval(x + 0.9, -11.0, 0.36, 0.36, (1, 1, 1))
        slant = 1.3 * pose.fear * side
        b.line(
            [(x - 2.4, -14.4 - slant - pose.fear * 0.4), (x + 2.2, -14.4 + slant * 0.4 - pose.fear * 0.4)], 1.05, brow
        )
    b.line([(turn + 0.8, -9.4), (turn + 2.3, -6.4), (turn + 0.7, -5.7)], 0.75, dark(who.skin, 0.34), smooth=True)
    for side in (-1, 1):
        b.glow(turn + 5.6 * side, -6.2, 2.6, (0.95, 0.35, 0.3), 0.16)
    _mouth(b, who, pose, turn + 0.6)
    if who.beard == "moustache":
        b.blob(
            [
                (turn - 4.4, -3.6),
                (turn + 0.6, -5.4),
                (turn + 5.4, -3.8),
                (turn + 3, -3.2),
                (turn + 0.6, -3.6),
                (turn - 2, -3),
            ],
            dark(who.hair, 0.1),
        )
    if who.glasses:
        for side in (-1, 1):
            frame = turn + 4.1 * side
            b.oval(frame, -10.4, 3.2, 3.1, (0.8, 0.93, 1.0), a=0.28)
            ring = [(frame - 3.2, -10.4), (frame, -13.6), (frame + 3.2, -10.4), (frame, -7.3), (frame - 3.2, -10.4)]
            b.line(
                [
                    ring[0],
                    (frame - 3, -12.8),
                    ring[1],
                    (frame + 3, -12.8),
                    ring[2],
                    (frame + 3, -8),
                    ring[3],
                    (frame - 3, -8),
                    ring[4],
                ],
                0.6,
                (0.1, 0.1, 0.12),
                smooth=True,
            )


def _mouth(b: Brush, who: Person, pose: Pose, x: float) -> None:
    lip = mix(dark(who.skin, 0.42), (0.62, 0.16, 0.18), 0.45)
    if pose.mouth > 0.08:
        b.oval(x, -1.6, 2.4 + 0.5 * pose.mouth, 0.5 + 2.0 * pose.mouth, (0.3, 0.06, 0.09))
        b.rect(x - 1.6, -2.1 - 1.3 * pose.mouth, 3.2, 0.7, (0.96, 0.95, 0.92), r=0.3)
    else:
        bend = 1.1 - 2.4 * pose.fear
        b.line([(x - 2.7, -2.2), (x, -2.2 + bend), (x + 2.7, -2.2)], 0.85, lip, smooth=True)


def _hair(b: Brush, who: Person) -> None:
    hair, shine = who.hair, light(who.hair, 0.18)
    if who.style == "bald":
        b.glow(2, -21, 5, (1, 1, 1), 0.3)
        return
    top = {"afro": -30.0, "side": -29.0}.get(who.style, -27.6)
    b.blob(
        [
            (-11.4, -8),
            (-12.6, -22),
            (-4, top),
            (7, top + 0.6),
            (12, -22),
            (10.4, -14.5),
            (5, -19.5),
            (-3, -18.4),
            (-7.6, -14),
        ],
        shine,
        hair,
    )
    if who.style == "side":
        b.blob([(-9, -20), (-3, -30), (10, -29), (13, -18), (6, -19), (-2, -17)], shine, hair)
    elif who.style in ("bob", "long"):
        b.blob([(-11, -22), (-6, -20), (-7.4, -8), (-8.6, 2), (-12.6, 1), (-12.4, -12)], hair)
        b.blob([(8.6, -21), (11.6, -20), (11.6, -4), (10.4, 1), (9.4, -8)], hair)
    elif who.style == "afro":
        b.blob(
            [(-13, -10), (-15, -24), (-4, -32), (8, -31), (14, -22), (11, -14.5), (5, -19), (-3, -18), (-8, -12)],
            shine,
            hair,
        )


def _hat(b: Brush, who: Person) -> None:
    main = dark(who.colour if who.hat in ("fedora", "beanie", "bonnet", "scarf") else who.second, 0.3)
    if who.hat == "fedora":
        b.blob([(-10.5, -20), (-10, -33), (-2, -31.5), (4, -33.5), (11, -31), (11, -20)], light(main, 0.1), main)
        b.rect(-10.6, -23.4, 22, 3.6, dark(main, 0.5))
        b.oval(1, -19.6, 17, 3, main, dark(main, 0.3))
    elif who.hat == "cowboy":
        felt = mix(main, rgb("#6b4527"), 0.6)
        b.blob([(-9.5, -20), (-9, -34), (-3, -31), (1, -33), (5, -31), (10.5, -34), (11, -20)], light(felt, 0.12), felt)
        b.rect(-9.6, -22.6, 20.6, 2.8, dark(felt, 0.5))
        b.blob(
            [(-22, -24), (-12, -18.5), (1, -17), (13, -18.5), (23, -24), (14, -15.8), (1, -15.4), (-13, -15.8)],
            felt,
            dark(felt, 0.3),
        )
    elif who.hat == "cap":
        b.blob([(-12, -18), (-12, -29), (2, -31), (13, -26), (13, -18)], light(main, 0.12), main)
        b.blob([(4, -21), (16, -20), (18, -16.5), (6, -17.5)], dark(main, 0.3))
    elif who.hat == "peaked":
        b.blob([(-12, -20), (-15, -29), (0, -33), (15, -29), (12, -20)], light(main, 0.1), main)
        b.rect(-11, -22.6, 22.4, 3.6, dark(main, 0.5))
        b.blob([(1, -20), (14, -20), (16, -16.4), (4, -17)], (0.08, 0.08, 0.1))
        b.oval(3, -26, 2, 2.2, rgb("#e7c35a"))
    elif who.hat == "beanie":
        b.blob([(-12, -17), (-12, -30), (0, -33), (12, -30), (12, -17)], light(main, 0.15), main)
        b.rect(-11.8, -21.4, 24, 4.6, dark(main, 0.25), r=2)
    elif who.hat == "bonnet":
        b.blob([(-13, -6), (-15, -26), (0, -33), (13, -27), (9, -18.5), (-4, -18.5), (-8, -6)], light(main, 0.35), main)
    elif who.hat == "scarf":
        b.blob(
            [(-12, -8), (-13.5, -26), (0, -31), (12.5, -25), (10.6, -17), (0, -20.6), (-7, -16), (-9, -2)],
            light(main, 0.25),
            main,
        )
    elif who.hat == "straw":
        straw = rgb("#e9c978")
        b.blob([(-10, -19), (-9, -31), (1, -33), (11, -31), (11, -19)], light(straw, 0.2), straw)
        b.rect(-9.8, -23, 21, 3.4, who.colour)
        b.oval(1, -19.4, 18.5, 3.2, straw, dark(straw, 0.2))
    elif who.hat == "headset":
        b.line([(-8, -9), (-11, -22), (0, -28.5), (6, -28)], 1.6, (0.85, 0.87, 0.92), smooth=True)
        b.oval(-8.4, -9, 3.2, 4, (0.22, 0.24, 0.32))
        b.line([(-7, -6), (-1, 0.4), (4, 0.6)], 0.9, (0.22, 0.24, 0.32), smooth=True)
        b.oval(4.4, 0.4, 1.2, 1, rgb("#5ce1e6"))
