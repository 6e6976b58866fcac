/** Shows on standard error what a command that takes longer than a second is doing. */

export interface Progress {
  /** Replaces what is shown. */
  report(text: string): void
  /** Removes what is shown, so that something else can be printed. */
  clear(): void
  end(): void
}

interface Output {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

const FIRST_MS = 1_000
const LINE_INTERVAL_MS = 5_000
const CLEAR_LINE = '\r\u001b[K'

/**
 * On a terminal one line, rewritten every second and removed at the end. Elsewhere nothing, or with `always` a line
 * every five seconds if it has changed, and the last one at the end.
 */
export function startProgress(
  out: Output,
  name: string,
  { always = false }: { always?: boolean } = {},
): Progress {
  const isTerminal = out.isTTY === true
  if (!isTerminal && !always) return { report() {}, clear() {}, end() {} }
  const startedAt = performance.now()
  let text = ''
  let shown = ''
  const showLine = () => {
    const seconds = Math.floor((performance.now() - startedAt) / 1000)
    const line = `${[name, text].filter(Boolean).join(': ')} (${seconds} s)`
    shown = line.slice(0, (out.columns ?? 80) - 1)
    out.write(CLEAR_LINE + shown)
  }
  const writeLine = () => {
    if (text !== shown) out.write(`${text}\n`)
    shown = text
  }
  const interval = isTerminal
    ? setInterval(showLine, FIRST_MS)
    : setInterval(writeLine, LINE_INTERVAL_MS)
  interval.unref()
  return {
    report(next) {
      text = next
    },
    clear() {
      if (isTerminal && shown !== '') out.write(CLEAR_LINE)
      if (isTerminal) shown = ''
    },
    end() {
      clearInterval(interval)
      if (isTerminal && shown !== '') out.write(CLEAR_LINE)
      if (always) writeLine()
    },
  }
}
