// Shows the API's description, with the key kept for this tab alone.
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  syntaxHighlight: { activate: false },
  validatorUrl: null, // or it would show the description to a server elsewhere
});
