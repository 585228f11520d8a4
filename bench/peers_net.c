/*
 * pfld's engine as one of bench/peers_nets: any ONNX file with one input, run on the same noise
 * again and again. Open dimensions are those of one face: 1x3x112x112.
 *
 *     peers_net MODEL.onnx [ISA]
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include "core/arena.h"
#include "core/cpu.h"
#include "core/file.h"
#include "core/rng.h"
#include "infer/infer.h"
#include "net/fold.h"
#include "net/onnx.h"
#include "net/shape.h"

#include "peers.h"

#define MOST_BYTES ((size_t)1 << 30)

static infer_net *net;

static void check(pfld_status status, const pfld_error *err)
{
    if (status)
        peer_fail(err->msg, "pfld");
}

static void close_shape(net_graph *g)
{
    static const int64_t face[4] = {1, 3, 112, 112};
    const net_value *value = &g->values[g->inputs[0]];
    net_shape shape = value->shape;
    pfld_error err = {0};

    if (!value->has_shape || shape.rank > 4)
        peer_fail("its input has no shape", value->name);
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 0)
            shape.dim[i] = face[i];
    check(net_input_set_shape(g, 0, &shape, &err), &err);
}

/* The file and the graph stay: the net needs their constants, to the end. */
static void open_net(const char *path, pfld_isa isa, arena *mem)
{
    pfld_error err = {0};
    net_graph *g;
    uint8_t *data;
    size_t size;

    check(file_read(path, MOST_BYTES, &data, &size, &err), &err);
    check(net_onnx_read(data, size, &g, &err), &err);
    if (g->n_inputs != 1)
        peer_fail("not one input", path);
    close_shape(g);
    check(net_infer_shapes(g, &err), &err);
    check(net_fold(g, &err), &err);
    check(infer_create(g, isa, mem, &net, &err), &err);
}

/* The picture is not looked at: noise, as ONNX Runtime gets. */
static void peer_load(const peer_picture *picture)
{
    infer_tensor t = infer_input(net, 0);
    rng random;

    (void)picture;
    rng_seed(&random, 1);
    for (size_t j = 0; j < t.count; j++)
        t.data[j] = 2.0f * rng_float(&random) - 1.0f;
}

static int peer_detect(const peer_picture *picture, peer_face *faces)
{
    (void)picture;
    (void)faces;
    infer_run(net);
    return 0;
}

int main(int argc, char **argv)
{
    pfld_isa isa = PFLD_ISA_AUTO;
    arena mem = {0};

    if (argc < 2 || argc > 3 || (argc > 2 && !cpu_isa_parse(argv[2], &isa)))
        peer_fail("MODEL.onnx [ISA]", "peers_net");
    open_net(argv[1], isa, &mem);
    return peer_main();
}
