/** Cuts the descriptions of errors, in which the OAuth library lists all that is wrong with a document. */

export const MAX_DESCRIPTION_LENGTH = 1000
/** Of a validation error: the library describes all of them when it answers. */
const MAX_ISSUES = 5

interface DescribedError {
  message?: unknown
  error_description?: unknown
  issues?: unknown
}

/** Changes the error: the library calls `onError` before it makes its answer of it. */
export function shortenDescription(error: unknown): void {
  if (!(error instanceof Error)) return
  const described = error as Error & DescribedError
  for (const name of ['message', 'error_description'] as const) {
    const text = described[name]
    if (typeof text !== 'string' || text.length <= MAX_DESCRIPTION_LENGTH) continue
    Object.defineProperty(error, name, {
      value: `${text.slice(0, MAX_DESCRIPTION_LENGTH - 1)}\u2026`,
      writable: true,
      configurable: true,
    })
  }
  const { issues } = described
  if (!Array.isArray(issues)) return
  issues.splice(MAX_ISSUES)
  for (const issue of issues) {
    if (typeof issue.message === 'string') {
      issue.message = issue.message.slice(0, MAX_DESCRIPTION_LENGTH / MAX_ISSUES)
    }
  }
}
