/** The arguments of a process that takes a reference PDS over, as the command line passes them. */

export interface TakeoverArguments {
  folder: string
  /** Only to look. */
  check: boolean
  /** With `check`: DID documents are not fetched. */
  offline: boolean
  finish: boolean
  leaveOut: boolean
}

/** `args` are those of the process; undefined if it is to start a server. */
export function takeoverArguments(args: readonly string[]): TakeoverArguments | undefined {
  const [command, folder, ...flags] = args
  if (command !== 'takeover' || folder === undefined) return undefined
  const has = (flag: string) => flags.includes(flag)
  return {
    folder,
    check: has('--check'),
    offline: has('--offline'),
    finish: has('--finish'),
    leaveOut: has('--leave-out'),
  }
}
