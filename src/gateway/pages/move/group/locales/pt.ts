/** The texts of the pages on moving a group that are not those of an account, in Portuguese. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const pt: GroupMoveTexts = {
  moveAwayHelp:
    'O grupo mantém seus seguidores, publicações e imagens. Primeiro ele é copiado, sem que ninguém perceba. Só é migrado quando você confirma com um código.',
  accountAt: 'O grupo em {server}',
  bringBackHelp:
    'O grupo está agora em {server}. Os dados são copiados de volta para cá, com seus membros e funções.',
  missingHelp:
    'O servidor antigo não os tem mais, ou o novo não os aceita. Se você continuar, as publicações do grupo ficam sem esses arquivos.',
  confirmHelp:
    'Tudo foi copiado. Para migrar a identidade do grupo, digite o código que {server} envia por e-mail. Depois disso o grupo fica ativo no novo servidor e desativado no antigo.',
  codeSent: '{server} enviou o código por e-mail.',
  cancelIn: 'No servidor antigo nada mudou. Aqui o grupo continua desativado.',
  doneIn: 'O grupo está agora neste servidor',
  doneInHelp:
    'Membros, funções e registro de atividade estão como antes. Em {server} o grupo está desativado; você pode excluí-lo lá.',
  doneOut: 'O grupo está agora em {server}',
  doneOutHelp:
    'Entre lá com a senha que você escolheu. Aqui o grupo está desativado e ninguém pode escrever. Membros, funções e registro de atividade ficam, caso ele volte.',
}
