"""What can be sensed of this computer, each way in a file of its own behind `ports.senses`.

idle      input of a person: Windows, Mutter, ScreenSaver, logind, X11, macOS; the first that answers is kept
bus       one call over D-Bus, bounded in time
power     battery, metered network, temperatures
screen    full-screen windows, running programs
computer  all of it together: `Senses`
"""
