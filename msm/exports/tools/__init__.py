"""The tools that shots are exported to: a module each, which defines `TOOL`, a `msm.exports.tool.Tool`."""
