/** What is wrong with an archive: it is incomplete, damaged, or not what it says. */
import { XrpcError } from '#src/errors.ts'

export class ArchiveProblem extends XrpcError {
  constructor(message: string) {
    super(400, 'InvalidArchive', message)
  }
}
