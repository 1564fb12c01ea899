/* nn_real.h: the tiles of a step of a network, for one type of number (real_float.h). */

/* Rows of a source into rows of numbers; the first that is no finite number, or -1. */
static int64_t FE_R(fe_nn_read)(const fe_net *net, const fe_source *source, FE_REAL *out, int64_t r,
                                int64_t stop) {
    const int64_t n = source->width, start = r;
    const int own_type = sizeof(FE_REAL) == sizeof(float) ? FE_SOURCE_F32 : FE_SOURCE_F64;
    FE_V zero = FE_VSET(0);
    for (; r < stop; r++) {
        const int64_t row = net->order ? net->order[net->first + r] : net->first + r;
        const void *from = (const char *)source->data + row * source->row_bytes;
        FE_REAL *to = out + r * n;
        if (r + 1 < stop) { /* rows come in random order: no hardware foresees the next */
            const int64_t next = net->order ? net->order[net->first + r + 1] : row + 1;
            const char *ahead = (const char *)source->data + next * source->row_bytes;
            for (int64_t at = 0; at < source->row_bytes; at += FE_CACHE_LINE)
                FE_PREFETCH(ahead + at);
        }
        if (source->type == own_type) {
            FE_EACH(j, m, n) {
                const FE_V x = FE_R(fe_take)((const FE_REAL *)from + j, m);
                FE_R(fe_put)(to + j, x, m);
                zero += x - x; /* not 0 where x is infinite or no number */
            }
            continue;
        }
        if (source->type == FE_SOURCE_F32)
            for (int64_t j = 0; j < n; j++) to[j] = (FE_REAL)((const float *)from)[j];
        else if (source->type == FE_SOURCE_F64)
            for (int64_t j = 0; j < n; j++) to[j] = (FE_REAL)((const double *)from)[j];
        else {
            for (int64_t j = 0; j < n; j++) to[j] = (FE_REAL)((const uint8_t *)from)[j];
            continue;
        }
        FE_EACH(j, m, n) {
            const FE_V x = FE_R(fe_take)(to + j, m);
            zero += x - x;
        }
    }
    if (FE_LIKELY(FE_VSUM(zero) == 0)) return -1;
    for (r = start; r < stop; r++)
        for (int64_t j = 0; j < n; j++)
            if (!isfinite(out[r * n + j]))
                return net->order ? net->order[net->first + r] : net->first + r;
    return -1;
}

static void FE_R(fe_nn_gather)(fe_net *net, int tile, int64_t r, int64_t stop) {
    net->bad_x[tile] = net->bad_y[tile] = -1;
    if (net->n_id_columns == 0)
        net->bad_x[tile] = FE_R(fe_nn_read)(net, &net->x, net->values, r, stop);
    if (net->y.type != FE_SOURCE_NONE && net->n_target > 0)
        net->bad_y[tile] = FE_R(fe_nn_read)(net, &net->y, net->targets, r, stop);
    for (; r < stop; r++) {
        const int64_t row = net->order ? net->order[net->first + r] : net->first + r;
        const char *x = (const char *)net->x.data + row * net->x.row_bytes;
        net->row_weights[r] = net->weights ? net->weights[row] : 1;
        for (int64_t j = 0; j < net->n_id_columns; j++) {
            int64_t id = net->x.type == FE_SOURCE_I32 ? ((const int32_t *)x)[j]
                                                      : ((const int64_t *)x)[j];
            if (id < 0 || id >= net->id_limits[j]) {
                if (net->bad_x[tile] < 0) net->bad_x[tile] = row;
                id = 0;
            }
            net->ids[r * net->n_id_columns + j] = id;
        }
        if (net->y.type != FE_SOURCE_NONE && net->n_target == 0)
            net->labels[r] = ((const int64_t *)net->y.data)[row];
    }
}

/* Losses, their gradients and the metrics of a block of rows. */
static void FE_R(fe_nn_loss)(fe_net *net, int tile, int64_t r, int64_t stop) {
    const int64_t n = net->n_output, t = net->n_target;
    const double share = net->loss_scale / (net->mean ? (double)net->rows : 1);
    double loss = 0, metrics[FE_NN_METRICS] = {0};
    for (; r < stop; r++) {
        FE_REAL *out = (FE_REAL *)net->values + net->output + r * n;
        FE_REAL *d = (FE_REAL *)net->deltas + net->output + r * n;
        const FE_REAL *y = t > 0 ? (const FE_REAL *)net->targets + r * t : NULL;
        const double weight = net->row_weights[r];
        int64_t label = t > 0 ? 0 : net->labels[r];
        loss += net->loss_scale * weight * FE_R(fe_loss_row)(net, r, y, label, out, d, share * weight);
        for (int64_t j = 1; j < t; j++)
            if (y[j] > y[label]) label = j;
        for (int i = 0; i < net->n_metrics; i++)
            metrics[i] += FE_R(fe_metric_row)(&net->metrics[i], n, y, label, out);
    }
    net->loss_sums[tile] = loss;
    for (int i = 0; i < net->n_metrics; i++) net->metric_sums[i][tile] = metrics[i];
}

/* Forward and backward of what works row by row or column by column. */
static void FE_R(fe_nn_forward)(fe_net *net, const fe_op *op, int tile, int64_t from, int64_t to) {
    const FE_REAL *x = (const FE_REAL *)net->values + op->in;
    FE_REAL *y = (FE_REAL *)net->values + op->out;
    const int64_t n = op->n_in;
    double *sum = net->op_sums + (op - net->ops) * FE_NN_TILES + tile;
    switch (op->kind) {
    case FE_OP_ACTIVATION:
        if (op->act != FE_ACT_SOFTMAX)
            FE_R(fe_activate)(op->act, op->c0, to - from, n, NULL, x + from * n, y + from * n, n);
        else
            for (int64_t r = from; r < to; r++) FE_R(fe_softmax)(n, x + r * n, y + r * n);
        break;
    case FE_OP_PRELU:
        for (int64_t r = from; r < to; r++)
            for (int64_t j = 0; j < n; j++) {
                const FE_REAL v = x[r * n + j];
                y[r * n + j] = v <= 0 ? ((const FE_REAL *)net->params)[op->w + j] * v : v;
            }
        break;
    case FE_OP_EMBEDDING: FE_R(fe_embedding)(net, op, from, to); break;
    case FE_OP_NOISE: FE_R(fe_noise)(net, op, from, to); break;
    case FE_OP_LAYERNORM: FE_R(fe_layernorm)(net, op, from, to); break;
    case FE_OP_SAMPLE: *sum = FE_R(fe_sample)(net, op, from, to); break;
    case FE_OP_ACTIVITY: *sum = (double)net->rows * FE_R(fe_activity)(net, op, from, to); break;
    default: /* FE_OP_COPY */
        for (int64_t r = from; r < to; r++)
            memcpy(y + r * op->n_out + op->extra, x + r * n, (size_t)n * sizeof(FE_REAL));
    }
}
static void FE_R(fe_nn_delta)(fe_net *net, const fe_op *op, int64_t j, int64_t stop) {
    const int64_t n = op->n_in;
    if (op->kind == FE_OP_LAYERNORM) FE_R(fe_layernorm_delta)(net, op, j, stop);
    if (op->kind == FE_OP_EMBEDDING) FE_R(fe_embedding_touch)(net, op);
    if (op->kind != FE_OP_PRELU) return;
    for (; j < stop; j++) {
        double sum = 0;
        for (int64_t r = 0; r < net->rows; r++) {
            const FE_REAL v = ((const FE_REAL *)net->values)[op->in + r * n + j];
            if (v <= 0) sum += (double)v * ((const FE_REAL *)net->deltas)[op->out + r * n + j];
        }
        ((FE_REAL *)net->grads)[op->w + j] = (FE_REAL)sum;
    }
}
static void FE_R(fe_nn_backward)(fe_net *net, const fe_op *op, int64_t from, int64_t to) {
    const int64_t n = op->n_in;
    const int add = (op->flags & FE_OP_ADD) != 0;
    const FE_REAL *x = (const FE_REAL *)net->values + op->in;
    const FE_REAL *y = (const FE_REAL *)net->values + op->out;
    const FE_REAL *dy = (const FE_REAL *)net->deltas + op->out;
    FE_REAL *dx = (FE_REAL *)net->deltas + op->in;
    switch (op->kind) {
    case FE_OP_ACTIVATION:
        if (op->act != FE_ACT_SOFTMAX)
            FE_R(fe_activate_back)(op->act, op->c0, (to - from) * n, x + from * n, y + from * n,
                                   dy + from * n, dx + from * n, add);
        else
            for (int64_t r = from; r < to; r++)
                FE_R(fe_softmax_back)(n, y + r * n, dy + r * n, dx + r * n, add);
        break;
    case FE_OP_PRELU:
        for (int64_t r = from; r < to; r++)
            for (int64_t j = 0; j < n; j++) {
                const int64_t at = r * n + j;
                const FE_REAL slope =
                    x[at] <= 0 ? ((const FE_REAL *)net->params)[op->w + j] : (FE_REAL)1;
                dx[at] = add ? dx[at] + dy[at] * slope : dy[at] * slope;
            }
        break;
    case FE_OP_EMBEDDING: FE_R(fe_embedding_back)(net, op, from, to); break;
    case FE_OP_NOISE: FE_R(fe_noise_back)(net, op, from, to); break;
    case FE_OP_LAYERNORM: FE_R(fe_layernorm_back)(net, op, from, to); break;
    case FE_OP_SAMPLE: FE_R(fe_sample_back)(net, op, from, to); break;
    case FE_OP_ACTIVITY: FE_R(fe_activity_back)(net, op, from, to); break;
    default: /* FE_OP_COPY */
        for (int64_t r = from; r < to; r++)
            for (int64_t j = 0; j < n; j++) {
                const FE_REAL d = dy[r * op->n_out + op->extra + j];
                dx[r * n + j] = add ? dx[r * n + j] + d : d;
            }
    }
}

/* Penalty, norm or update of one stretch of parameters, or of a row touched. */
static void FE_R(fe_nn_stretch)(fe_net *net, int stage, int64_t piece, int64_t start, int64_t n) {
    const fe_piece *own = net->pieces + piece;
    FE_REAL *p = (FE_REAL *)net->params + start, *g = (FE_REAL *)net->grads + start;
    double sum = 0;
    if (stage == FE_STAGE_PENALTY) {
        const FE_REAL l1 = (FE_REAL)own->l1, twice = (FE_REAL)(2 * own->l2);
        for (int64_t i = 0; i < n; i++) {
            sum += own->l1 * fabs((double)p[i]) + own->l2 * (double)p[i] * p[i];
            g[i] += twice * p[i] + (p[i] > 0 ? l1 : p[i] < 0 ? -l1 : 0);
        }
        net->piece_sums[piece] += sum;
    } else if (stage == FE_STAGE_NORM) {
        for (int64_t i = 0; i < n; i++) sum += (double)g[i] * g[i];
        net->piece_norms[piece] += sum;
    } else {
        FE_REAL *s = net->state1, *t = net->state2;
        const fe_optim_rates at = {net->step_rate, net->step_shrink};
        FE_R(fe_optim_step)(&net->optim, at, (size_t)n, p, g, s ? s + start : NULL,
                            t ? t + start : NULL);
    }
}
static void FE_R(fe_nn_piece)(fe_net *net, int stage, int64_t piece) {
    const fe_piece *own = net->pieces + piece;
    if (stage == FE_STAGE_PENALTY) net->piece_sums[piece] = 0;
    if (stage == FE_STAGE_NORM) net->piece_norms[piece] = 0;
    if (own->sparse < 0) {
        FE_R(fe_nn_stretch)(net, stage, piece, own->start, own->n);
        return;
    }
    const fe_op *op = net->ops + own->sparse;
    const int64_t *count = net->ints + op->aux, d = op->n_out / op->n_in;
    const int64_t from = *count * own->start / own->n, to = *count * (own->start + 1) / own->n;
    for (int64_t i = from; i < to; i++)
        FE_R(fe_nn_stretch)(net, stage, piece, op->w + count[1 + i] * d, d);
}

/* How many tiles a phase has. */
static int FE_R(fe_nn_tiles)(const fe_net *net, int64_t phase) {
    const int stage = net->phases[phase].stage;
    const fe_op *op = net->ops + (net->phases[phase].op < 0 ? 0 : net->phases[phase].op);
    int unused;
    switch (stage) {
    case FE_STAGE_GATHER: return fe_nn_parts(net->rows * net->x.width, FE_TILE_CELLS);
    case FE_STAGE_LOSS:
        return net->loss == FE_LOSS_PAIR ? 1
                                         : fe_nn_parts(net->rows * net->n_output, FE_TILE_CELLS - 3);
    case FE_STAGE_FORWARD:
    case FE_STAGE_DELTA:
    case FE_STAGE_BACKWARD:
    case FE_STAGE_LEARN:
        if (op->kind == FE_OP_DENSE) return FE_R(fe_dense_tiles)(net, op, stage, &unused);
        if (op->kind == FE_OP_EMBEDDING && stage == FE_STAGE_DELTA) return 1;
        return fe_nn_parts(net->rows * (op->n_in > op->n_out ? op->n_in : op->n_out),
                           FE_TILE_CELLS - 2);
    default: return net->n_pieces < FE_NN_TILES ? (int)net->n_pieces : FE_NN_TILES;
    }
}

/* One tile of a phase. */
static void FE_R(fe_nn_tile)(fe_net *net, int64_t phase, int tile) {
    const int stage = net->phases[phase].stage;
    const fe_op *op = net->ops + (net->phases[phase].op < 0 ? 0 : net->phases[phase].op);
    const int tiles = FE_R(fe_nn_tiles)(net, phase);
    int64_t from, to;
    fe_nn_part(net->rows, tiles, tile, 1, &from, &to);
    switch (stage) {
    case FE_STAGE_GATHER: FE_R(fe_nn_gather)(net, tile, from, to); return;
    case FE_STAGE_LOSS: FE_R(fe_nn_loss)(net, tile, from, to); return;
    case FE_STAGE_FORWARD:
    case FE_STAGE_DELTA:
    case FE_STAGE_BACKWARD:
    case FE_STAGE_LEARN:
        if (op->kind == FE_OP_DENSE) {
            FE_R(fe_dense)(net, op, stage, tile);
            return;
        }
        if (stage == FE_STAGE_DELTA || (op->kind == FE_OP_ACTIVITY && stage == FE_STAGE_FORWARD))
            fe_nn_part(op->n_in, tiles, tile, 1, &from, &to);
        if (op->kind == FE_OP_EMBEDDING && stage == FE_STAGE_BACKWARD)
            fe_nn_part(op->n_out / op->n_in, tiles, tile, 16, &from, &to);
        if (stage == FE_STAGE_FORWARD)
            FE_R(fe_nn_forward)(net, op, tile, from, to);
        else if (stage == FE_STAGE_DELTA)
            FE_R(fe_nn_delta)(net, op, from, to);
        else
            FE_R(fe_nn_backward)(net, op, from, to);
        return;
    default:
        fe_nn_part(net->n_pieces, tiles, tile, 1, &from, &to);
        for (; from < to; from++) FE_R(fe_nn_piece)(net, stage, from);
    }
}
