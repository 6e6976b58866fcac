/** The log level of RivetKit's TypeScript half; its native half reads RIVET_LOG_LEVEL. */
import { configureDefaultLogger } from 'rivetkit/log'

/** Sets the lowest level that is written to standard output. */
export function setRivetKitLog(level: Parameters<typeof configureDefaultLogger>[0]): void {
  configureDefaultLogger(level)
}
