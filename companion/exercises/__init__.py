"""A checker for every exercise in code: run it on your answer, it tells you what came back and why that may be.

    verdict = svd.check_truncation(my_truncation)      # ✓ …, or ✗ … with the likely cause
    verdict.hint(1)                                    # a nudge; hint(2) says more

One file per chapter, with the chapter's name:

    norms.py   check_column_sum_norm   check_power_iteration   check_convolution_norm
    svd.py     check_truncation   check_range_finder   check_pca   check_explained_rank
    nmf.py    check_multiplicative_step   check_hals_step   check_normalized   check_signless_term
    trifactor.py   check_gradients   check_loss   check_backtracking   check_canonical
    recommender.py   check_user_update   check_prediction   check_ndcg   check_split
    gmm.py     check_responsibilities   check_m_step   check_sampling   check_bic
    mlp.py     check_cross_entropy   check_backward   check_parity   check_start
    cnn.py     check_correlate   check_output_size   check_pool   check_ece
    rnn.py     check_unroll   check_through_time   check_clip   check_lstm_step
    gan.py     check_discriminator_loss   check_generator_loss   check_best_discriminator   check_r1
    dcgan.py   check_transposed   check_overlaps   check_batch_norm   check_spectral_step
    cgan.py    check_optimum   check_projection   check_fake_labels   check_spread
    evaluate.py   check_frechet   check_mmd   check_precision_recall   check_nearer
    vae.py     check_kl   check_draw   check_elbo   check_bound
    lowrank.py   check_split   check_on_data   check_products   check_update_gradients
    open_problems.py   check_sign_step   check_private_sum   check_renyi   check_advantage
    training.py   check_share   check_seed   check_combine   check_ema

`python -m companion.exercises` lists all exercises of the book, and says which of them a notebook solves.

What they stand on:

    catalogue.json, _sheet.py   the exercises as the book tells them; running a notebook and hearing its verdicts
    verdict.py   Verdict, and `exercise`, which makes a checker of a function
    answers.py   call the student's function safely, read what it returned
    _words.py    how they speak of matrices
    _cases.py    matrices to try the function on
    _pca.py, _explained.py   two of svd's checkers, to keep its file short
    _parts.py, _factors.py   two of nmf's checkers, and its cases
    _canonical.py, _tricases.py   one of trifactor's checkers, and its cases
    _ranked.py, _heldout.py   two of recommender's checkers
    _sampling.py, _mixtures.py   one of gmm's checkers, and its cases
    _mlp_build.py, _mlp_cases.py   two of mlp's checkers, and its cases
    _cnn_sizes.py, _cnn_sure.py, _cnn_cases.py   two of cnn's checkers, and its cases
    _rnn_gates.py, _rnn_cases.py   two of rnn's checkers, and its cases
    _gan_slope.py, _gan_cases.py   one of gan's checkers, and its cases
    _dcgan_norms.py, _dcgan_cases.py   two of dcgan's checkers, and its cases
    _cgan_drawn.py, _cgan_cases.py   two of cgan's checkers, and its cases
    _evaluate_near.py, _evaluate_cases.py   two of evaluate's checkers, and its cases
    _vae_bounds.py, _vae_cases.py   two of vae's checkers, and its cases
    _lowrank_split.py, _lowrank_cases.py   two of lowrank's checkers, and its cases
    _open_cases.py   open_problems' cases
    _share.py   two of training's checkers

Checkers test properties, so every correct answer passes, however it is written. The solutions are in the chapters.
"""
