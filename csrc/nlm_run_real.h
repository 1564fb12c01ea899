/* nlm_run_real.h: the phases of a mini-batch of a neural language model around its output layer
 * (nlm_output_real.h): context vectors, hidden units, and their gradients. Formulas: docs/neural-lm.md.
 *
 * For one type of number (real_float.h).
 */

/* Columns of the features that dropout may zero: hidden units, or the context if there are none. */
static int64_t FE_R(fe_nlm_dropped)(const fe_nlm_job *job) {
    return job->hidden ? job->hidden : job->features;
}

/* Examples [first, last): gather the context, hidden units, dropout. */
static void FE_R(fe_nlm_forward)(const fe_nlm_job *job, fe_nlm_state *st, int64_t first,
                              int64_t last) {
    const int64_t d = job->dim, nd = job->n * d, k = job->features, h = job->hidden;
    const FE_REAL *table = job->embed.w;
    FE_REAL *x = (FE_REAL *)st->x + first * st->ldx, *f = (FE_REAL *)st->f + first * k;
    for (int64_t i = first; i < last; i++)
        for (int64_t j = 0; j < job->n; j++)
            memcpy((FE_REAL *)st->x + i * st->ldx + j * d, table + st->context[i * job->n + j] * d,
                   (size_t)d * sizeof(FE_REAL));
    if (h) {
        FE_R(fe_nlm_gemm)(job, 0, 1, last - first, h, nd, x, st->ldx, job->hid.w, nd, 0, f, k);
        FE_R(fe_nlm_activate)(f, last - first, h, k, job->hid.b, job->tanh);
    }
    if (!st->train || job->dropout <= 0) return;
    const int64_t columns = FE_R(fe_nlm_dropped)(job);
    const FE_REAL scale = (FE_REAL)(1.0 / (1.0 - job->dropout));
    const uint32_t limit = (uint32_t)(job->dropout * 4294967296.0);
    for (int64_t i = first; i < last; i++) {
        fe_rng rng = fe_rng_seed(job->seed, FE_STREAM_NLM_DROPOUT,
                                 st->index * (uint64_t)job->batch + (uint64_t)i);
        uint8_t *mask = st->mask + i * columns;
        FE_REAL *row = (FE_REAL *)st->f + i * k;
        for (int64_t j = 0; j < columns; j++) {
            mask[j] = (uint32_t)(fe_rng_next(&rng) >> 32) >= limit;
            row[j] *= mask[j] ? scale : 0;
        }
    }
}

/* Examples [first, last): gradient of the features, of the hidden units' input, of the context. */
static void FE_R(fe_nlm_hidden)(const fe_nlm_job *job, fe_nlm_state *st, int64_t first,
                             int64_t last) {
    const int64_t nd = job->n * job->dim, k = job->features, h = job->hidden, m = last - first;
    FE_REAL *df = (FE_REAL *)st->df + first * k;
    const FE_REAL *f = (const FE_REAL *)st->f + first * k;
    for (int64_t s = 1; s < st->n_slices; s++) {
        const FE_REAL *part = (const FE_REAL *)st->df + (s * job->batch + first) * k;
        for (int64_t j = 0; j < m * k; j++) df[j] += part[j];
    }
    FE_REAL scale = 1;
    if (job->dropout > 0) {
        const int64_t columns = FE_R(fe_nlm_dropped)(job);
        const uint8_t *mask = st->mask + first * columns;
        scale = (FE_REAL)(1.0 / (1.0 - job->dropout));
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < columns; j++)
                df[i * k + j] *= mask[i * columns + j] ? scale : 0;
    }
    if (!h) return;
    if (job->tanh) FE_R(fe_nlm_tanh_back)(df, k, f, k, m, h, 1 / scale);
    FE_R(fe_nlm_gemm)(job, 0, 0, m, nd, h, df, k, job->hid.w, nd, job->direct,
                    (FE_REAL *)st->dx + first * st->lddx, st->lddx);
}

/* Gradient and step of hidden units [first, last). */
static void FE_R(fe_nlm_hidden_step)(const fe_nlm_job *job, fe_nlm_state *st, int64_t first,
                                  int64_t last, int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    const int64_t nd = job->n * job->dim, k = job->features;
    const FE_REAL *df = st->df;
    FE_R(fe_nlm_gemm)(job, 1, 0, last - first, nd, st->m, df + first, k, st->x, st->ldx, 0, s.rows, nd);
    FE_REAL *biases = s.products; /* room for FE_NLM_ROWS numbers at least */
    for (int64_t j = first; j < last; j++) biases[j - first] = 0;
    for (int64_t i = 0; i < st->m; i++)
        for (int64_t j = first; j < last; j++) biases[j - first] += df[i * k + j];
    FE_R(fe_nlm_step_rows)(st, &job->hid, first, last - first, s.rows, biases);
}

/* A piece of the sorted context words: the sum of the gradients of each, and its step. */
static void FE_R(fe_nlm_embed_step)(const fe_nlm_job *job, fe_nlm_state *st, int64_t piece,
                                 int64_t thread) {
    const int64_t d = job->dim, stop = fe_nlm_piece(st, piece + 1);
    FE_REAL *sum = FE_R(fe_nlm_scratch_of)(job, st, thread).rows;
    for (int64_t at = fe_nlm_piece(st, piece); at < stop;) {
        const int64_t row = (int64_t)(st->embed_keys[at] >> 32);
        for (int64_t c = 0; c < d; c++) sum[c] = 0;
        for (; at < stop && (int64_t)(st->embed_keys[at] >> 32) == row; at++) {
            const int64_t place = (uint32_t)st->embed_keys[at];
            const FE_REAL *from =
                (const FE_REAL *)st->dx + place / job->n * st->lddx + place % job->n * d;
            for (int64_t c = 0; c < d; c++) sum[c] += from[c];
        }
        FE_R(fe_nlm_step_rows)(st, &job->embed, row, 1, sum, NULL);
    }
}

/* The same list before the rows are used: the steps that they missed. */
static void FE_R(fe_nlm_settle_piece)(const fe_nlm_job *job, fe_nlm_state *st, int64_t piece) {
    const int64_t begin = fe_nlm_piece(st, piece), stop = fe_nlm_piece(st, piece + 1);
    for (int64_t at = begin; at < stop; at++) {
        const uint64_t row = st->embed_keys[at] >> 32;
        if (at == begin || row != st->embed_keys[at - 1] >> 32)
            FE_R(fe_nlm_settle)(st, &job->embed, (int64_t)row, 1, st->step - 1);
    }
}

/* A piece of all rows that may have missed steps, after step st->step. */
static void FE_R(fe_nlm_settle_all)(const fe_nlm_job *job, fe_nlm_state *st, int64_t unit) {
    const fe_nlm_layer *layer = unit < FE_NLM_PIECES ? &job->embed : &job->out;
    const int64_t piece = unit % FE_NLM_PIECES;
    for (int64_t row = layer->rows * piece / FE_NLM_PIECES;
         row < layer->rows * (piece + 1) / FE_NLM_PIECES; row++)
        FE_R(fe_nlm_settle)(st, layer, row, 1, st->step);
}

/* log10 p of every word of a block: exported OUT (m, V). */
static void FE_R(fe_nlm_export)(const fe_nlm_job *job, fe_nlm_state *st, int64_t block,
                             int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    const int64_t k = job->features, v = job->out.rows, first = block * job->block;
    const int64_t nb = v - first < job->block ? v - first : job->block, ld = st->ld_block;
    const FE_REAL *bias = (const FE_REAL *)job->out.b + first;
    FE_R(fe_nlm_gemm)(job, 0, 1, st->m, nb, k, st->f, k, (const FE_REAL *)job->out.w + first * k, k, 0,
                    s.products, ld);
    for (int64_t i = 0; i < st->m; i++) {
        const double lse = ((const FE_REAL *)st->lse)[i];
        FE_REAL *to = (FE_REAL *)st->exported + (int64_t)st->order[i] * v + first;
        for (int64_t j = 0; j < nb; j++)
            to[j] = (FE_REAL)((s.products[i * ld + j] + bias[j] - lse) * 0.43429448190325182765);
    }
}

/* log10 p of every word of a class, for all examples: exported OUT (m, V), first the logits. */
static void FE_R(fe_nlm_export_class)(const fe_nlm_job *job, fe_nlm_state *st, int64_t class_,
                                   int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    const int64_t k = job->features, v = job->out.rows, begin = job->class_start[class_];
    const int64_t end = job->class_start[class_ + 1], wide = fe_nlm_class_part_of(job, st, st->m);
    const FE_REAL *bias = job->out.b, *w = (const FE_REAL *)job->cls.w + class_ * k, *f = st->f;
    for (int64_t first = begin; first < end; first += wide) {
        const int64_t nb = end - first < wide ? end - first : wide;
        FE_R(fe_nlm_gemm)(job, 0, 1, st->m, nb, k, f, k, (const FE_REAL *)job->out.w + first * k, k, 0,
                        s.products, nb);
        for (int64_t i = 0; i < st->m; i++) {
            FE_REAL *to = (FE_REAL *)st->exported + (int64_t)st->order[i] * v;
            for (int64_t j = 0; j < nb; j++)
                to[job->word_at[first + j]] = s.products[i * nb + j] + bias[first + j];
        }
    }
    for (int64_t i = 0; i < st->m; i++, f += k) { /* log p(class), and the class's own normaliser */
        FE_REAL *to = (FE_REAL *)st->exported + (int64_t)st->order[i] * v;
        double logit = ((const FE_REAL *)job->cls.b)[class_], top = FE_NLM_NEVER, sum = 0.0;
        for (int64_t c = 0; c < k; c++) logit += (double)w[c] * f[c];
        for (int64_t j = begin; j < end; j++)
            if (to[job->word_at[j]] > top) top = to[job->word_at[j]];
        for (int64_t j = begin; j < end; j++) sum += exp(to[job->word_at[j]] - top);
        const double lse = ((const FE_REAL *)st->lse)[i] + top + log(sum) - logit;
        for (int64_t j = begin; j < end; j++)
            to[job->word_at[j]] = (FE_REAL)((to[job->word_at[j]] - lse) * 0.43429448190325182765);
    }
}

static void FE_R(fe_nlm_unit)(const fe_nlm_job *job, fe_nlm_state *st, int phase, int64_t unit,
                           int64_t thread) {
    const int64_t rows = FE_NLM_ROWS, first = unit * rows;
    const int64_t last = first + rows < st->m ? first + rows : st->m;
    const int64_t stop = first + rows < job->hidden ? first + rows : job->hidden;
    switch (phase) {
    case FE_NLM_PREPARE: fe_nlm_prepare(job, st); break;
    case FE_NLM_SETTLE: FE_R(fe_nlm_settle_piece)(job, st, unit); break;
    case FE_NLM_SETTLE_ALL: FE_R(fe_nlm_settle_all)(job, st, unit); break;
    case FE_NLM_FORWARD: FE_R(fe_nlm_forward)(job, st, first, last); break;
    case FE_NLM_LOGITS: FE_R(fe_nlm_logits)(job, st, unit, thread); break;
    case FE_NLM_NORMALISE: FE_R(fe_nlm_normalise)(job, st, first, last); break;
    case FE_NLM_BACKWARD: FE_R(fe_nlm_backward)(job, st, unit, thread); break;
    case FE_NLM_GROUPS: FE_R(fe_nlm_class)(job, st, unit, thread); break;
    case FE_NLM_HIDDEN: FE_R(fe_nlm_hidden)(job, st, first, last); break;
    case FE_NLM_HIDDEN_STEP: FE_R(fe_nlm_hidden_step)(job, st, first, stop, thread); break;
    case FE_NLM_EMBED_STEP:
        if (job->tied) FE_R(fe_nlm_tied_step)(job, st, unit, thread);
        else FE_R(fe_nlm_embed_step)(job, st, unit, thread);
        break;
    default:
        if (job->output == FE_NLM_CLASSES) FE_R(fe_nlm_export_class)(job, st, unit, thread);
        else FE_R(fe_nlm_export)(job, st, unit, thread);
    }
}
