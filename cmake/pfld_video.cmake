# FFmpeg for videos and SDL2 for the window: without them, files that say so take their place.
if(PFLD_VIDEO)
  pkg_check_modules(FFMPEG IMPORTED_TARGET
                    libavformat>=59.27 libavcodec>=59.37 libswscale>=6.7 libavutil>=57.28) # 5.1
  pkg_check_modules(AVDEVICE IMPORTED_TARGET libavdevice>=59.7)
endif()
if(FFMPEG_FOUND)
  list(FILTER lab_sources EXCLUDE REGEX "/media/video_none\\.c$")
  list(APPEND video_libraries PkgConfig::FFMPEG)
  if(AVDEVICE_FOUND)
    list(APPEND video_libraries PkgConfig::AVDEVICE)
    list(APPEND video_definitions PFLD_HAS_AVDEVICE)
  endif()
else()
  list(FILTER lab_sources EXCLUDE REGEX "/media/video_(common|read|write)\\.c$")
endif()
