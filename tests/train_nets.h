/* What the tests of training share: nets from text made fit for training, random numbers. */
#ifndef TESTS_TRAIN_NETS_H
#define TESTS_TRAIN_NETS_H

#include "net_text.h"

#include <math.h>

#include "core/rng.h"

/* Normalisation needs positive variances; scales around 1 keep the numbers tame. */
static inline net_graph *train_net_from_text(const char *text)
{
    net_graph *g = net_from_text(14, text);

    for (size_t i = 0; i < g->n_nodes; i++) {
        const net_node *node = &g->nodes[i];

        if (node->op != NET_OP_BATCH_NORM)
            continue;
        for (size_t k = 1; k <= 4; k += 3) { /* scale and variance */
            const net_tensor *t = g->values[node->in[k]].constant;
            float *v = t->data;

            for (size_t c = 0; c < t->count; c++)
                v[c] = 0.8f + 0.4f * fabsf(v[c]);
        }
    }
    return g;
}

/* A block with everything: expand, depthwise, project, their normalisations, and a sum. */
#define TRAIN_TEXT_BN(name, of, c)                                                                 \
  name "=BatchNormalization(" of ",#r" c ",#r" c ",#r" c ",#r" c ");"
#define TRAIN_TEXT_BLOCK(in, out, c, e)                                                            \
  out "e=Conv(" in ",#r" e "x" c "x1x1);" TRAIN_TEXT_BN(out "f", out "e", e) out                   \
      "g=Relu(" out "f);" out "h=Conv(" out "g,#r" e "x1x3x3) pads=[1,1,1,1] group=" e             \
      ";" TRAIN_TEXT_BN(out "i", out "h", e) out "j=Relu(" out "i);" out "k=Conv(" out "j,#r" c    \
                                                 "x" e "x1x1);" TRAIN_TEXT_BN(out "l", out "k", c) \
                                                     out "=Add(" out "l," in ");"

/* A small net of the shape of ours: two outputs, maps with several readers, odd sizes. */
#define TRAIN_TEXT_TINY                                                                                                                                                    \
  "in x ?x3x13x11; c=Conv(x,#r6x3x3x3) pads=[1,1,1,1] strides=[2,2];" TRAIN_TEXT_BN("d", "c", "6") "e=Relu(d); f=Conv(e,#r6x1x3x3) pads=[1,1,1,1] group=6;" TRAIN_TEXT_BN( \
      "g", "f", "6") "h=Relu(g);" TRAIN_TEXT_BLOCK("h", "a", "6", "8")                                                                                                     \
      TRAIN_TEXT_BLOCK("a", "b", "6", "12") "i=Conv(b,#r10x6x1x1);" TRAIN_TEXT_BN(                                                                                         \
          "j", "i",                                                                                                                                                        \
          "10") "k=Relu(j);"                                                                                                                                               \
                "l=Conv(k,#r10x1x3x3) pads=[1,1,1,1] strides=[2,2] group=10;" TRAIN_TEXT_BN("m", "l", "10") "n=Relu(m); o=Conv(n,#r4x10x1x1);" TRAIN_TEXT_BN(              \
                    "s1", "o",                                                                                                                                             \
                    "4") "p=Conv(s1,#r5x4x3x3) pads=[1,1,1,1] "                                                                                                            \
                         "strides=[2,2];" TRAIN_TEXT_BN(                                                                                                                   \
                             "q", "p", "5") "s2=Relu(q);"                                                                                                                  \
                                            "r=Conv(s2,#r7x5x2x2)"                                                                                                         \
                                            ";" TRAIN_TEXT_BN("s", "r",                                                                                                    \
                                                              "7") "s3=Relu(s);"                                                                                           \
                                                                   "f1=Flatten(s1);"                                                                                       \
                                                                   " f2=Flatten(s2)"                                                                                       \
                                                                   "; "                                                                                                    \
                                                                   "f3=Flatten(s3);"                                                                                       \
                                                                   " v=Concat(f1,"                                                                                         \
                                                                   "f2,f3) axis=1;"                                                                                        \
                                                                   "y=Gemm(v,#"                                                                                            \
                                                                   "r10x75,#r10) "                                                                                         \
                                                                   "transB=1; out "                                                                                        \
                                                                   "y;"                                                                                                    \
                                                                   "t=Conv(b,#"                                                                                            \
                                                                   "r5x6x3x3) "                                                                                            \
                                                                   "pads=[1,1,1,1] "                                                                                       \
                                                                   "strides=[2,2]"                                                                                         \
                                                                   ";" TRAIN_TEXT_BN("u", "t",                                                                             \
                                                                                     "5") "w="                                                                             \
                                                                                          "Relu("                                                                          \
                                                                                          "u); "                                                                           \
                                                                                          "z="                                                                             \
                                                                                          "Global"                                                                         \
                                                                                          "Averag"                                                                         \
                                                                                          "ePool("                                                                         \
                                                                                          "w); "                                                                           \
                                                                                          "z1="                                                                            \
                                                                                          "Flatte"                                                                         \
                                                                                          "n(z); "                                                                         \
                                                                                          "z2="                                                                            \
                                                                                          "Gemm("                                                                          \
                                                                                          "z1,#"                                                                           \
                                                                                          "r5x4,#"                                                                         \
                                                                                          "r4);"                                                                           \
                                                                                          "z3="                                                                            \
                                                                                          "Relu("                                                                          \
                                                                                          "z2); "                                                                          \
                                                                                          "z4="                                                                            \
                                                                                          "Gemm("                                                                          \
                                                                                          "z3,#"                                                                           \
                                                                                          "r3x4,#"                                                                         \
                                                                                          "r3) "                                                                           \
                                                                                          "transB"                                                                         \
                                                                                          "=1; "                                                                           \
                                                                                          "out "                                                                           \
                                                                                          "z4;"

static inline double train_random(rng *r)
{
    return 2 * (double)rng_float(r) - 1;
}

#endif
