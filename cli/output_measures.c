/* Measures and events of the faces of a video, in JSON and in CSV. */
#include "cli/output_measures.h"

#include <math.h>

#define DECIMALS       3 /* of pixels */
#define RATIO_DECIMALS 4
#define TIME_DECIMALS  6

typedef struct event_name {
    pfld_event event;
    const char *name;
} event_name;

static const event_name event_names[] = {{PFLD_EVENT_BLINK, "blink"},
                                         {PFLD_EVENT_LONG_CLOSURE, "long_closure"},
                                         {PFLD_EVENT_YAWN, "yawn"}};
#define EVENTS (sizeof event_names / sizeof *event_names)

/* False: eyes and mouth can't be told, and pfld_events_update() waited. */
static bool knows_states(const output_measures *m)
{
    return isfinite(m->m.eye_open[0]) && isfinite(m->m.eye_open[1]) && isfinite(m->m.mouth_open);
}

/* [{"event":"blink","since":1.2}] */
static json_t *event_list(const output_measures *m)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < EVENTS; i++) {
        const event_name *e = &event_names[i];
        double since = e->event == PFLD_EVENT_YAWN ? m->events.mouth_since : m->events.eyes_since;

        if ((m->happened & e->event) &&
            json_array_append_new(list, json_pack("{s:s,s:o}", "event", e->name, "since",
                                                  output_number(since, TIME_DECIMALS)))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *flag_or_null(const output_measures *m, bool is_so)
{
    return knows_states(m) ? json_boolean(is_so) : json_null();
}

bool output_put_measures(json_t *face, const output_measures *m, uint32_t id)
{
    json_t *more = json_pack("{s:{s:[o,o],s:o,s:o,s:o,s:o},s:o,s:o,s:o,s:I}", "measures",
                             "eye_open", output_number((double)m->m.eye_open[0], RATIO_DECIMALS),
                             output_number((double)m->m.eye_open[1], RATIO_DECIMALS), "mouth_open",
                             output_number((double)m->m.mouth_open, RATIO_DECIMALS), "asymmetry",
                             output_number((double)m->m.asymmetry, RATIO_DECIMALS), "inter_pupil",
                             output_number((double)m->m.inter_pupil, DECIMALS), "facing",
                             output_number((double)m->m.facing, RATIO_DECIMALS), "eyes_closed",
                             flag_or_null(m, m->events.eyes_closed), "mouth_wide",
                             flag_or_null(m, m->events.mouth_wide), "events", event_list(m), "id",
                             (json_int_t)id);
    bool done = more && json_object_update(face, more) == 0;

    json_decref(more);
    return done;
}

static void csv_flag(FILE *to, const output_measures *m, bool is_so)
{
    fputs(!knows_states(m) ? "," : is_so ? ",1" : ",0", to);
}

void output_csv_measures(FILE *to, const output_measures *m)
{
    const float ratios[] = {m->m.eye_open[0], m->m.eye_open[1], m->m.mouth_open, m->m.asymmetry};

    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++)
        output_csv_number(to, ratios[i], RATIO_DECIMALS);
    output_csv_number(to, m->m.inter_pupil, DECIMALS);
    output_csv_number(to, m->m.facing, RATIO_DECIMALS);
    csv_flag(to, m, m->events.eyes_closed);
    csv_flag(to, m, m->events.mouth_wide);
    for (size_t i = 0; i < EVENTS; i++)
        csv_flag(to, m, m->happened & event_names[i].event);
}
