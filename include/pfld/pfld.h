/*
 * pfld.h - facial landmarks in plain C.  Rules that hold for every call:
 *
 *  Threads: no global state. A loaded pfld_model is immutable and may be shared by any number of
 *           threads; a pfld_session belongs to one thread at a time.
 *  Memory:  once pfld_session_create() has returned, calls on that session allocate nothing.
 *           Every *_free(NULL) is a no-op.
 *  Pixels:  rows are read exactly, never past width * bytes-per-pixel; no padding is asked for.
 *  Units:   pixels of the input image, x right, y down, the centre of the top-left pixel at (0, 0);
 *           angles in degrees, signs as in docs/conventions.md; scores in [0, 1].
 *  Errors:  a status tells what kind of failure it was, pfld_error.msg says in one sentence what
 *           happened. On failure no output parameter is written, except *out = NULL by the
 *           functions that create something.
 */
#ifndef PFLD_PFLD_H
#define PFLD_PFLD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PFLD_VERSION_MAJOR 0
#define PFLD_VERSION_MINOR 1
#define PFLD_VERSION_PATCH 0

#if defined(_WIN32) && defined(PFLD_SHARED)
#  ifdef PFLD_BUILDING
#    define PFLD_API __declspec(dllexport)
#  else
#    define PFLD_API __declspec(dllimport)
#  endif
#elif defined(__GNUC__)
#  define PFLD_API __attribute__((visibility("default")))
#else
#  define PFLD_API
#endif

typedef enum pfld_status {
    PFLD_OK = 0,
    PFLD_ERR_ARG = -1,         /* the caller broke the contract */
    PFLD_ERR_NOMEM = -2,       /* memory ran out; nothing was leaked */
    PFLD_ERR_IO = -3,          /* pfld_error.sys holds errno */
    PFLD_ERR_FORMAT = -4,      /* damaged, truncated or hostile file */
    PFLD_ERR_UNSUPPORTED = -5, /* sound, but not something this build does */
} pfld_status;

typedef struct pfld_error { /* caller-owned; NULL is accepted wherever one is taken */
    pfld_status status;
    int sys;       /* errno where the system refused, else 0 */
    char msg[248]; /* one sentence: "face.onnx: conv3.weight is 64x32, 64x64 expected" */
} pfld_error;

typedef enum pfld_format { /* 8 bits a channel, in the order of the bytes in memory */
                           PFLD_GRAY8 = 1,
                           PFLD_RGB8,
                           PFLD_BGR8,
                           PFLD_RGBA8, /* alpha is ignored */
                           PFLD_BGRA8,
} pfld_format;

typedef struct pfld_image { /* a view; row y starts at data + y * stride */
    uint8_t *data;          /* not written through a const pfld_image pointer */
    int32_t width, height;  /* pixels, 1..65535 */
    ptrdiff_t stride;       /* bytes; negative for bottom-up */
    pfld_format format;
} pfld_image;

typedef struct pfld_point {
    float x, y;
} pfld_point;
typedef struct pfld_box {
    float x, y, w, h; /* left, top, width, height, all in pixels */
} pfld_box;
typedef struct pfld_pose {
    float yaw, pitch, roll; /* degrees; 0, 0, 0 looks straight into the camera */
} pfld_pose;

typedef struct pfld_cov { /* covariance of a landmark's error, in square pixels */
    float xx, xy, yy;
} pfld_cov;

#define PFLD_MAX_LANDMARKS 128
#define PFLD_MAX_PASSES    8
typedef struct pfld_face { /* no pointers: copy, send and store it freely */
    pfld_box box;          /* the detector's: forehead to chin; or the caller's */
    float score;           /* of the detector; 1 if the caller gave the box */
    float presence;        /* of a face in the landmarks' crop, 0..1: a second look that tells false
                              alarms from faces; NaN without a detector */
    pfld_point five[5];  /* the detector's own: eye centres, nose tip, mouth corners, the subject's
                            right ones first; told from the landmarks where those are surely another
                            way up, and by pfld_track(); NaN if the caller gave the box */
    pfld_pose pose;      /* from the landmarks, as pfld_pose_from() without a camera */
    int32_t n_landmarks; /* what the model has: 68, 98 or 106; 0 without a landmark model */
    float error; /* quality: how far off the landmarks are expected to be on average, in percent of
                    the outer eye corners' distance, or where the scheme has none ("five") of the
                    eye centres'; NaN where the model can't tell */
    pfld_point landmarks[PFLD_MAX_LANDMARKS]; /* in the order of the model's scheme */
    pfld_cov cov[PFLD_MAX_LANDMARKS];         /* of each; NaN where the model can't tell; with
                                                 pfld_ellipse_radius() it gives ellipses */
    uint32_t id;          /* of pfld_track(): the same for the same face, from 1 on; else 0 */
    uint32_t reserved[7]; /* zero */
} pfld_face;

typedef enum pfld_isa {
    PFLD_ISA_AUTO,
    PFLD_ISA_SCALAR,
    PFLD_ISA_SSE2,
    PFLD_ISA_AVX2,
    PFLD_ISA_AVXVNNI, /* AVX2, and of nets of 8 bits the products in AVX-VNNI */
    PFLD_ISA_AVX512,
    PFLD_ISA_NEON,
    PFLD_ISA_WASM128,
} pfld_isa;

/*
 * Facts about a model that its file may not state. Each field overrides the file's own metadata
 * (the pfld.* keys of docs/models.md); 0 or NULL leaves it to the file, then to the default.
 */
typedef struct pfld_model_options {
    size_t size;        /* sizeof as the caller was compiled; pfld_model_options_init() sets it */
    const char *scheme; /* "ibug68", "wflw98", "lapa106", "cofw29", "aflw19", "five";
                           default: by the number of points where that is unambiguous */
    const char *input;  /* "rgb,0..1", "bgr,-1..1", "rgb,127.5/128", "rgb,0.5;0.4;0.4/0.2;0.2;0.2":
                           channel order, then the range that 0..255 maps to, or mean/std on
                           0..255 (one number or one for each channel of the order named);
                           default "rgb,0..1" */
    float crop_scale;   /* side of the square crop over the box's longer side; default 1.1 */
    const char *output; /* name of the output that holds the landmarks, 2N values x0 y0 x1 y1 ...
                           in 0..1 over the crop; default: the only output of such a size */
} pfld_model_options;

typedef struct pfld_options { /* 0 is the default in every field but size; only ever appended to */
    size_t size;              /* sizeof as the caller was compiled; pfld_options_init() sets it */
    pfld_isa isa;             /* cap on the kernels used; default: the best that this CPU has; a set
                                 of another kind of CPU means the portable ones */
    void *workspace;          /* default: allocated; else 64-byte aligned, caller-owned,
                                 must outlive the session, and serves one session at a time */
    size_t workspace_size;    /* bytes; at least what pfld_workspace_size() says */
    int32_t max_side;   /* pixels, 64..4096: larger pictures are shrunk to this longer side before
                           the detector looks; default 640. 320 is about four times as fast */
    float min_face;     /* side in the picture's pixels of the smallest face that must be found:
                           where max_side would shrink it too far, the picture is searched in tiles,
                           too; default 0: what max_side allows, about a 60th of the picture */
    float score_min;    /* faces of a lower score are left out; default 0.5 */
    float presence_min; /* the same for presence; default 0.3; below 0: presence is not
                           looked at, and NaN */
    int32_t turns;      /* 0, the default: of faces that are not surely upright a further look tells
                           which way is up (it needs presence), and of those on which a landmark
                           model with a spread is lost that model does, in pfld_landmarks(), too.
                           1: where no face is found, the picture is searched turned by 90, 180 and
                           270 degrees as well. -1: none of it, faces are upright or nearly so */
    int32_t passes;     /* crops of one reading of a face at most, 1..PFLD_MAX_PASSES, 1: and of no
                           other reading (turns) than the first one. Where the landmarks show
                           that their crop was off by more than a few percent, they are found again
                           in a better one. Default 3 */
    int32_t threads;    /* of pfld_detect(), 1..256: the faces of a picture are read at once, each
                           on one of so many threads, the caller's among them; same bits. The
                           search is one thread's. Default 1. The others belong to the session, and
                           sleep between calls; with a workspace, what the system keeps of them is
                           not in it */
} pfld_options;

typedef struct pfld_model pfld_model;     /* weights: immutable, shared */
typedef struct pfld_session pfld_session; /* packed weights, arena, kernels: one per thread */

/* 0x00MMmmpp of the library that is linked, whatever the header said. */
PFLD_API uint32_t pfld_version(void);
/* A static English phrase, never NULL. */
PFLD_API const char *pfld_status_str(pfld_status status);

/* Fill with defaults; size is sizeof(*opt). Always call them: fields may be appended later. */
PFLD_API void pfld_options_init(pfld_options *opt, size_t size);
PFLD_API void pfld_model_options_init(pfld_model_options *opt, size_t size);

/*
 * Loads an ONNX landmark model: one of ours or a foreign one (opset 9 to 21) whose only input is
 * [N][3][H][W] or [N][1][H][W]. opt may be NULL. A batch or size that the file leaves open becomes
 * 1 and 112. Or a face detector: one of ours, YuNet (2023) or Ultra-Light-Fast-Generic (RFB-320),
 * told by metadata and outputs; of a detector's options only input counts. Fails with PFLD_ERR_IO,
 * _FORMAT, _UNSUPPORTED (the message names operator and node) or _NOMEM. Free with
 * pfld_model_free(), after the last session that uses it.
 */
PFLD_API pfld_status pfld_model_load(const char *path, const pfld_model_options *opt,
                                     pfld_model **out, pfld_error *err);
/* The same from memory; buf may go afterwards. */
PFLD_API pfld_status pfld_model_load_memory(const void *buf, size_t size,
                                            const pfld_model_options *opt, pfld_model **out,
                                            pfld_error *err);
/* The landmark model inside the library: 68 points, the file models/pfld-0.25x-ibug68.onnx as of
 * this version. PFLD_ERR_UNSUPPORTED where the library was built without it. */
PFLD_API pfld_status pfld_model_load_default(const pfld_model_options *opt, pfld_model **out,
                                             pfld_error *err);
/* The face detector inside the library, models/pfld-detect.onnx; the same otherwise. */
PFLD_API pfld_status pfld_model_load_default_detector(const pfld_model_options *opt,
                                                      pfld_model **out, pfld_error *err);
PFLD_API void pfld_model_free(pfld_model *model);

typedef enum pfld_kind { PFLD_KIND_NONE, PFLD_KIND_LANDMARKS, PFLD_KIND_DETECTOR } pfld_kind;
PFLD_API pfld_kind pfld_model_kind(const pfld_model *model);
/* Points of each face, and the name of their scheme (static storage); of a detector 5, "five". */
PFLD_API int32_t pfld_model_landmark_count(const pfld_model *model);
PFLD_API const char *pfld_model_scheme(const pfld_model *model);
/*
 * The ellipse around a landmark m that holds its true place t with the probability share, above 0
 * and below 1: (t - m)' cov^-1 (t - m) <= r^2. Returns r, the same for all landmarks of the model;
 * NaN where it can't tell, or for another share. It is calibrated: measured on faces that the model
 * did not learn from. Errors of landmarks have heavier tails than a Gaussian's, so 0.99 needs a
 * larger r than a table of chi-square says.
 */
PFLD_API float pfld_ellipse_radius(const pfld_model *model, float share);
/* The value of an ONNX metadata key ("pfld.licence"), or NULL; lives as long as the model. */
PFLD_API const char *pfld_model_metadata(const pfld_model *model, const char *key);

/*
 * landmarks NULL: pfld_detect() gives boxes and five points only. detector NULL: only
 * pfld_landmarks() works. Not both. opt NULL: all defaults. The models must outlive the session.
 */
PFLD_API pfld_status pfld_session_create(const pfld_model *landmarks, const pfld_model *detector,
                                         const pfld_options *opt, pfld_session **out,
                                         pfld_error *err);
PFLD_API void pfld_session_free(pfld_session *session);
/* Bytes that pfld_options.workspace needs for these models and options. */
PFLD_API pfld_status pfld_workspace_size(const pfld_model *landmarks, const pfld_model *detector,
                                         const pfld_options *opt, size_t *bytes, pfld_error *err);
/* What the session really runs on, after the cap and the CPU had their say. */
PFLD_API pfld_isa pfld_session_isa(const pfld_session *session);

/*
 * Landmarks and head pose of the one face whose box the caller knows. The box must touch the image
 * and have sides from 0.001 to 10,000,000 pixels, else PFLD_ERR_ARG; it may reach beyond the
 * border, which is then replicated. Same session, image and box: same bits.
 */
PFLD_API pfld_status pfld_landmarks(pfld_session *session, const pfld_image *img,
                                    const pfld_box *box, pfld_face *face, pfld_error *err);

/*
 * Finds the faces of a picture: boxes, five points, landmarks from a crop that is turned upright by
 * the five, pose. Best score first: writes min(*n, cap) of them; *n is the number found, at most
 * PFLD_MAX_FACES. cap 0 with faces NULL only counts. No face is no error: *n is 0. Same session and
 * image: same bits.
 */
#define PFLD_MAX_FACES 1024
PFLD_API pfld_status pfld_detect(pfld_session *session, const pfld_image *img, pfld_face *faces,
                                 size_t cap, size_t *n, pfld_error *err);

typedef struct pfld_camera { /* pinhole */
    float focal;             /* pixels: half the picture's width over tan(half its angle of view) */
    pfld_point centre;       /* the pixel that it looks at: the picture's middle, if not cropped */
} pfld_camera;
/*
 * Head pose from landmarks [of the scheme], as pfld_landmarks() tells it: for points that were
 * smoothed, corrected, or found by others. A smooth function of them; single ones that are far off
 * hardly count.
 *
 * cov [of the scheme], or NULL: of each landmark's error, as pfld_face.cov; the less sure weigh
 * less. camera NULL: weak perspective, for which no camera needs to be known; angles are then those
 * to the line of sight, and with a camera those to its axis. NaN angles where the points tell no
 * pose: they coincide, are not finite, or the scheme has too few. PFLD_ERR_ARG: unknown scheme, a
 * focal length that is not above 0, or what is no covariance. Needs no session, and allocates
 * nothing.
 */
PFLD_API pfld_status pfld_pose_from(const char *scheme, const pfld_point *landmarks,
                                    const pfld_cov *cov, const pfld_camera *camera, pfld_pose *pose,
                                    pfld_error *err);

/* ---- faces in motion ---- */

typedef struct pfld_track_options { /* 0 is the default in every field but size */
    size_t size;                    /* pfld_track_options_init() sets it */
    int32_t max_faces;              /* 1..64, the default */
    float smooth;                   /* 0..1: how steady landmarks and pose are; default 0.5; 1 is
                                       steadiest; below 0: as they were measured */
    float search_every;             /* seconds after which the whole picture is searched for new
                                       faces while those known are all seen; default 0.3. A third
                                       of it for half a second after one has come or come back */
    float hold;                     /* seconds for which a face that is out of sight keeps its id;
                                       default 1.5 */
} pfld_track_options;
PFLD_API void pfld_track_options_init(pfld_track_options *opt, size_t size);

typedef struct pfld_tracker pfld_tracker; /* the faces of one video; one thread at a time */
/* opt NULL: all defaults. Nothing is allocated later. */
PFLD_API pfld_status pfld_tracker_create(const pfld_track_options *opt, pfld_tracker **out,
                                         pfld_error *err);
/* Forgets all faces, as at a cut that the caller knows of; ids go on. */
PFLD_API void pfld_tracker_reset(pfld_tracker *tracker);
PFLD_API void pfld_tracker_free(pfld_tracker *tracker);

/*
 * The next frame of a video, t seconds after its beginning (any clock that goes forward will do;
 * rates may vary, and frames be left out; a t that is not later than the last one begins anew).
 * Each face that is in sight: followed from where it was, or found by a search, which is made at
 * first, every search_every seconds, and while a face is out of sight. Where the frame shows
 * another scene than the one before, nobody is known any more, and ids go on. Writes min(*n, cap)
 * of them, by id. box and five are told from the landmarks, score is the last search's, presence
 * this frame's. Landmarks and pose are steadied: by no more than 2.5 times their usual tremble from
 * where they were measured, so that they are not late when a face moves or an eye closes.
 *
 * The session has both models. It may serve several trackers in turn: all that is remembered is in
 * the tracker. Same frames, times and options: same bits.
 */
PFLD_API pfld_status pfld_track(pfld_tracker *tracker, pfld_session *session, const pfld_image *img,
                                double t, pfld_face *faces, size_t cap, size_t *n, pfld_error *err);

/* ---- what is computed from landmarks; formulae in docs/measures.md ---- */

typedef struct pfld_measures { /* NaN where the scheme can't tell; openings and inter_pupil also of
                                  a head that is turned by more than 72 degrees, or without a pose
                                */
    float eye_open[2]; /* the subject's right and left: height over width (the eye aspect ratio of
                          Soukupova and Cech 2016), as if the head faced the camera; about 0.3 when
                          open, below 0.15 when closed */
    float mouth_open;  /* the same of the inner lips: 0 closed, 0.5 and more in a yawn */
    float asymmetry;   /* mean distance between the face and its mirror image, over the distance
                          that pfld_face.error is over; also a turned head is not symmetric */
    float inter_pupil; /* distance of the eyes' centres, pixels, as if the head faced the camera */
    float facing;      /* cosine between the face's direction and the camera's: 1 looks at it */
    float reserved[8]; /* 0 */
} pfld_measures;
/* Of a face as pfld_landmarks(), _detect() or _track() gave it. PFLD_ERR_ARG: it has no landmarks,
 * or as many as no scheme has. */
PFLD_API pfld_status pfld_measure(const pfld_face *face, pfld_measures *out, pfld_error *err);

typedef enum pfld_event {                              /* bits */
                          PFLD_EVENT_BLINK = 1,        /* eyes have opened again, within 0.5 s */
                          PFLD_EVENT_LONG_CLOSURE = 2, /* eyes have been closed for 0.5 s */
                          PFLD_EVENT_YAWN = 4,         /* the mouth has been wide open for 1 s */
} pfld_event;
typedef struct pfld_events { /* of one face over time, caller-owned; zeroed: a new face */
    uint32_t blinks;         /* so far */
    float eye_usual;         /* how far this face's eyes are open when they are */
    uint8_t eyes_closed, mouth_wide, told_long, told_yawn, begun;
    double t, eyes_since, mouth_since; /* seconds */
} pfld_events;
/* The face's measures at t seconds, later than the last ones: bits of pfld_event for what has just
 * happened. What was going on when the face was away for a second is over. */
PFLD_API uint32_t pfld_events_update(pfld_events *events, const pfld_measures *m, double t);

/* Where a box is from; each finder frames a face in its own way. */
typedef enum pfld_box_kind {
    PFLD_BOX_LANDMARKS, /* around the landmarks, brows to chin: what pfld_landmarks() wants */
    PFLD_BOX_PFLD,      /* pfld_detect()'s own */
    PFLD_BOX_DLIB,      /* dlib's frontal HOG detector */
    PFLD_BOX_OPENCV,    /* OpenCV's haarcascade_frontalface_default and _alt2 */
    PFLD_BOX_MTCNN,
    PFLD_BOX_YUNET,
} pfld_box_kind;
/* The box for pfld_landmarks() from a foreign one; the measured maps are in docs/conventions.md.
 * An unknown kind, or NULL: all zeros. */
PFLD_API pfld_box pfld_box_from(pfld_box_kind kind, const pfld_box *box);

#ifdef __cplusplus
}
#endif
#endif
