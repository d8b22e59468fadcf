"""What both faces share of Qt: the console of the master and the tray of the worker. No service, no gRPC message.

look           one object that windows are given: theme, language and icons; it keeps texts and colours right
tokens theme stylesheet fonts icons states      how things look
translations figures                            how things are said: English, Traditional Chinese, numbers, times
background bridge                               work off the Qt thread, and facts into it, a burst at a time
widgets cells tables feedback charts plots      the parts that windows are made of
single_instance autostart                       one window a person; start at login
"""
