/** Addresses of the Temporal UI's start form with type, queue and id filled in; the input is pasted by hand. */
export interface StartLink {
  readonly workflow: string;
  readonly url: string;
}

const workflows = {
  answerQuery: 'answer',
  buildDataset: 'dataset',
  superviseTraining: 'training',
  evaluateBenchmarks: 'evaluation',
};

export function startLinks(
  temporal: { readonly uiUrl?: string | undefined; readonly namespace: string },
  taskQueue: string,
): StartLink[] {
  if (!temporal.uiUrl) return [];
  return Object.entries(workflows).map(([workflow, kind]) => {
    const fields = new URLSearchParams({ workflowType: workflow, taskQueue, workflowId: `${kind}/from-ui` });
    return {
      workflow,
      url: `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/start-workflow?${fields.toString()}`,
    };
  });
}
