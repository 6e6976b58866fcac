/** Answers of reads, already JSON text, kept until the next commit: an account is its only writer, so it knows. */

/** An answer that is sent as it is. */
export interface EncodedJson {
  json: string
}

const MAX_CHARACTERS = 4_000_000

export class AnswerCache {
  #answers = new Map<string, EncodedJson>()
  #characters = 0
  #version = 0

  /** The answer kept under `key`, or the one `produce` makes now. */
  async get(key: string, produce: () => Promise<string>): Promise<EncodedJson> {
    const kept = this.#answers.get(key)
    if (kept !== undefined) return kept
    const version = this.#version
    const answer = { json: await produce() }
    // What was read before a commit may not be kept after it.
    if (version === this.#version) this.#keep(key, answer)
    return answer
  }

  clear(): void {
    this.#version++
    this.#characters = 0
    this.#answers.clear()
  }

  #keep(key: string, answer: EncodedJson): void {
    if (this.#answers.has(key)) return
    this.#characters += answer.json.length
    this.#answers.set(key, answer)
    // The oldest go first: maps keep the order in which they were filled.
    for (const [oldest, { json }] of this.#answers) {
      if (this.#characters <= MAX_CHARACTERS) break
      this.#characters -= json.length
      this.#answers.delete(oldest)
    }
  }
}
