/*
 * pfld's engine as one of bench/peers_nets: any ONNX file, run on the same noise again and again.
 *
 *     peers_net MODEL.onnx [ISA]
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include "cli/model.h"
#include "core/cpu.h"
#include "core/rng.h"

#include "peers.h"

static model_file model;

static void check(pfld_status status, const pfld_error *err)
{
    if (status)
        peer_fail(err->msg, "pfld");
}

/* The picture is not looked at: noise, as ONNX Runtime gets. */
static void peer_load(const peer_picture *picture)
{
    rng random;

    (void)picture;
    rng_seed(&random, 1);
    for (size_t i = 0; i < infer_input_count(model.net); i++) {
        infer_tensor t = infer_input(model.net, i);

        for (size_t j = 0; j < t.count; j++)
            t.data[j] = 2.0f * rng_float(&random) - 1.0f;
    }
}

static int peer_detect(const peer_picture *picture, peer_face *faces)
{
    (void)picture;
    (void)faces;
    infer_run(model.net);
    return 0;
}

int main(int argc, char **argv)
{
    pfld_error err = {0};
    pfld_isa isa = PFLD_ISA_AUTO;
    int code;

    if (argc < 2 || argc > 3 || (argc > 2 && !cpu_isa_parse(argv[2], &isa)))
        peer_fail("MODEL.onnx [ISA]", "peers_net");
    check(model_open(&model, argv[1], &err), &err);
    check(model_close_shapes(&model, &err), &err);
    check(model_compile(&model, isa, &err), &err);
    code = peer_main();
    model_close(&model);
    return code;
}
