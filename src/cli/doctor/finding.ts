/** What one check of this machine found. */
export interface Finding {
  check: string
  /** `warn`: runchart works, but something that it offers does not, or not for long. */
  status: 'ok' | 'warn' | 'fail'
  detail: string
  /** How to mend it, or what would do better. */
  hint?: string
}

export const ok = (check: string, detail: string, hint?: string): Finding => ({
  ...{ check, status: 'ok', detail },
  ...(hint !== undefined && { hint }),
})

export const warn = (check: string, detail: string, hint: string): Finding => ({
  check,
  status: 'warn',
  detail,
  hint,
})

export const fail = (check: string, detail: string, hint: string): Finding => ({
  check,
  status: 'fail',
  detail,
  hint,
})
