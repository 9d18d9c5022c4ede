"""What nobody wishes for: kills, full disks, spoiled files."""
