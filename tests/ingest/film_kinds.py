"""Kinds of film of which a playable copy is made: containers, codecs, clocks, offsets, colours, orientations."""

from __future__ import annotations

from tests.ingest.ffmpeg_films import AAC, H264, HEVC, Kind

MP3 = "-c:a libmp3lame"
OLD = "-vf scale=out_color_matrix=smpte170m,format=yuv420p"  # the matrix of codecs that cannot name one
LATE = ("", "-itsoffset 0.7")  # sound
LATE_PICTURES = ("-itsoffset 0.7", "")
VP9 = "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -pix_fmt yuv420p"


def wide_gamut(curve: str, transfer: str) -> str:
    """HEVC of 10 bits in BT.2020; white of the clip is 203 cd/m²."""
    linear = "zscale=tin=bt709:min=bt709:pin=bt709:rin=tv:t=linear:npl=203,format=gbrpf32le"
    coded = f"zscale=p=bt2020:t={curve}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    tags = f"-color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc"
    return f"-vf {linear},{coded} {HEVC} {tags} {AAC}"


def full_range(codec: str) -> str:
    words = "-vf scale=out_color_matrix=smpte170m:out_range=full,format=yuv420p"
    return f"{words} {codec} -color_range pc -colorspace smpte170m {AAC}"


def turned(degrees: int, flip: str, encoded: bool) -> Kind:
    name = f"turned-{degrees}{flip}{'-hevc' if encoded else ''}.mp4"
    made_by = f"{HEVC} -pix_fmt yuv420p {AAC}" if encoded else f"{H264} {AAC}"
    words = f"-display_rotation {degrees} {'-display_hflip' if flip else ''}"
    return Kind(name, made_by, "encoded" if encoded else "linked", after=(words, ""))


COMMON = [
    Kind("b-frames.mkv"),
    Kind("broadcast.ts"),
    Kind("other.webm", f"{VP9} -c:a libopus"),
    Kind("mp3.mp4", f"{H264} {MP3}", "linked"),
    Kind("late-sound.mp4", before=LATE, sound_s=0.7),
    Kind("late-sound.mkv", f"{HEVC} -c:a ac3 -pix_fmt yuv420p", "encoded", LATE, 0.7),
    Kind("late-pictures.mkv", before=LATE_PICTURES),
    Kind("clock-100.ts", after=("", "-muxdelay 0 -output_ts_offset 100")),
    Kind("clock-100.mkv", after=("", "-output_ts_offset 100")),
    Kind("full-range.mp4", full_range(HEVC), "encoded"),
    Kind("pq.mkv", wide_gamut("smpte2084", "smpte2084"), "encoded"),
    Kind("hlg.mp4", wide_gamut("arib-std-b67", "arib-std-b67"), "encoded"),
    Kind("wide-pixels.mkv", f"-vf setsar=2/1 {HEVC} -pix_fmt yuv420p {AAC}", "encoded"),
    Kind("bare.h264", f"{H264} -r 24", "encoded", sound_s=None),
    turned(90, "", False),
    turned(90, "-flipped", True),
]

RARE = [
    Kind("flash.flv", f"{H264} {MP3} -ar 44100"),
    Kind("quicktime.mov"),
    Kind("mpeg4.avi", f"{OLD} -c:v mpeg4 -q:v 2 {MP3}", "encoded"),
    Kind("h264.avi", f"{H264} {MP3}", "encoded"),
    Kind("theora.ogv", f"{OLD} -c:v libtheora -q:v 9 -c:a libvorbis", "encoded"),
    Kind("motion.avi", f"{OLD} -c:v mjpeg -q:v 2 -color_range pc -c:a pcm_s16le", "encoded"),
    Kind("av1.mkv", "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p -c:a libopus"),
    Kind("prores.mov", "-c:v prores -c:a pcm_s16le", "encoded"),
    Kind("dvd.vob", f"{OLD} -c:v mpeg2video -q:v 2 -r 25 -c:a mp2 -f vob", "encoded"),
    Kind("windows.wmv", f"{OLD} -c:v wmv2 -q:v 2 -c:a wmav2", "encoded", sound_s=0.086),  # the encoder's delay
    Kind("late-sound.ts", before=LATE, sound_s=0.7),
    Kind("late-sound-hevc.ts", f"{HEVC} -pix_fmt yuv420p {AAC}", "encoded", LATE, 0.7),
    Kind("late-pictures.mp4", before=LATE_PICTURES, copy="linked"),
    Kind("late-pictures-hevc.mkv", f"{HEVC} -pix_fmt yuv420p -c:a ac3", "encoded", LATE_PICTURES),
    Kind("clock-100.mp4", after=("", "-output_ts_offset 100")),
    Kind("full-range-h264.mp4", full_range(H264), "linked"),
    Kind("ten-bits.mp4", f"-vf format=yuv420p10le {HEVC} {AAC}", "encoded"),
    Kind("bt2020.mp4", wide_gamut("bt709", "bt2020-10"), "encoded"),
    Kind("rgb.mkv", "-vf format=gbrp -c:v ffv1 -c:a pcm_s16le", "encoded"),
    Kind("whole-chroma.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p -c:a flac", "encoded"),
    Kind("wide-pixels.mp4", f"-vf setsar=2/1 {H264} {AAC}", "linked"),
    Kind("bare.hevc", f"{HEVC} -pix_fmt yuv420p -r 24", "encoded", sound_s=None),
    Kind("mute.mkv", H264, sound_s=None),
    Kind(
        "turned-inside.mkv",
        f"{H264} -bsf:v h264_metadata=display_orientation=insert:rotate=90:flip=horizontal {AAC}",
        "encoded",
    ),
    *(
        turned(degrees, flip, encoded)
        for degrees in (0, 90, 180, 270)
        for flip in ("", "-flipped")
        for encoded in (0, 1)
    ),
]
RARE = [kind for kind in RARE if kind.name not in {common.name for common in COMMON}]
