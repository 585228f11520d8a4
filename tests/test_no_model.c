/* A libpfld that was built without a model inside: builtin.c as -DPFLD_NO_MODEL makes it, in place
 * of the library's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#ifndef PFLD_NO_MODEL
#  define PFLD_NO_MODEL
#endif
#include "detect/builtin.c"

static void a_library_without_a_model_says_so(void **state)
{
    static int somewhere;
    pfld_model *m = (pfld_model *)&somewhere;
    pfld_error err = {0};

    (void)state;
    assert_int_equal(pfld_model_load_default(NULL, &m, &err), PFLD_ERR_UNSUPPORTED);
    assert_null(m);
    assert_int_equal(err.status, PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "no model"));
    assert_int_equal(pfld_model_load_default(NULL, &m, NULL), PFLD_ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_library_without_a_model_says_so)};

    return cmocka_run_group_tests_name("no_model", tests, NULL, NULL);
}
