package 'apache2'
file '/var/www/html/index.html' do
  content "<h1>Hello from #{Env.get(node, 'login')}</h1>"
  mode '0644'
  owner 'app'
  group 'app'
end
Common.application 'apache2'
