/** runchart itself failed, or was not used right. */
export const EXIT_FAILURE = 125
/** The container's command cannot be invoked. */
export const EXIT_NOT_EXECUTABLE = 126
/** The container's command cannot be found. */
export const EXIT_NOT_FOUND = 127

/** What a verb that makes containers says about its exit codes. */
export const EXIT_CODES_HELP = `
Exit codes:
  125  runchart itself failed
  126  the command cannot be invoked
  127  the command cannot be found`
