/** Confirmations that are typed in full, of what cannot be undone. */
import { createInterface } from 'node:readline/promises'
import { type Invocation, UsageError } from '#src/cli/command.ts'

export type Ask = (text: string) => Promise<string>

/** With --yes nothing is asked. Throws if the answer is not `expected`; a UsageError without a terminal (`ask`). */
export async function mustType(
  { options }: Pick<Invocation, 'options'>,
  { what, expected }: { what: string; expected: string },
  ask: Ask | undefined,
): Promise<void> {
  if (options['yes'] === true) return
  if (ask === undefined) throw new UsageError(`${what}: add --yes`)
  const answer = await ask(`This cannot be undone. To confirm, type: ${expected}\n> `)
  if (answer.trim() !== expected) throw new Error('not confirmed: nothing was deleted')
}

/** Undefined without a terminal. */
export function terminalQuestion(): Ask | undefined {
  if (process.stdin.isTTY !== true) return undefined
  return async (text) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return await terminal.question(text)
    } finally {
      terminal.close()
    }
  }
}
