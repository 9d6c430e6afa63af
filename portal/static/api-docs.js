// Starts Swagger UI from here, since our content security policy refuses the script inside its own page.
const api = document.getElementById("api");
window.SwaggerUIBundle({
  url: api.dataset.specification,
  domNode: api,
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
