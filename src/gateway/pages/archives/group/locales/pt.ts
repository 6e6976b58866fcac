/** The texts of the page on archives of a group that are not those of an account, in Portuguese. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const pt: GroupArchiveTexts = {
  bucketHelp:
    'Uma vez por dia, se algo mudou, o servidor guarda uma cópia assinada do grupo em um bucket: posts e outros registros, arquivos e preferências. Membros, funções e chaves não fazem parte dela. Das cópias mais antigas ficam as últimas de 7 dias, 4 semanas e 12 meses.',
  yourBucket: 'Bucket do grupo',
  stopped: 'O grupo não é mais copiado.',
  restoreHelp:
    'Deixe a pasta como está: cada cópia tem uma lista assinada do que faz parte dela. Para restaurar uma, entregue-a ao administrador deste servidor ou de outro que use o Headwater. Membros e funções continuam como estão.',
}
